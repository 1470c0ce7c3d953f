import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import Ajv from "ajv/dist/2020.js";
import { Chalk } from "chalk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { archive, openArchive } from "../../../src/index.ts";
import { inspect } from "../../../src/inspect/inspect.ts";
import type { Inspection } from "../../../src/inspect/inspection.ts";
import { renderInspection } from "../../../src/report/inspect-report.ts";

const fixtures = resolve(import.meta.dirname, "../../../fixtures");
const schema = JSON.parse(readFileSync(resolve(fixtures, "../schema/inspect.schema.json"), "utf8"));
const valid = new Ajv.default({ allowUnionTypes: true }).compile(schema);
const plain = new Chalk({ level: 0 });

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "inspect-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function look(location: string, digests = false): Promise<Inspection> {
  const opened = await openArchive(location);
  try {
    const inspection = await inspect(opened, { digests });
    expect(valid(JSON.parse(JSON.stringify(inspection))), JSON.stringify(valid.errors)).toBe(true);
    return inspection;
  } finally {
    await opened.close();
  }
}

const lite = {
  modelName: "lite0",
  version: "1.0",
  serializedFile: join(fixtures, "efficientnet-lite0/model.onnx"),
  handler: "base_handler",
  extraFiles: [join(fixtures, "efficientnet-lite0/index_to_name.json")],
} as const;

test.each(["default", "zip-store", "tgz", "no-archive"] as const)(
  "%s: manifest, labels, model, entries",
  async (format) => {
    const { path, integrityRoot } = await archive(
      { ...lite, archiveFormat: format, exportPath: join(folder, format) },
      {},
    );
    const inspection = await look(path, true);
    expect(inspection.manifest?.model).toMatchObject({ modelName: "lite0", serializedFile: "model.onnx" });
    expect(inspection.handler).toEqual({ name: "base_handler", builtIn: true, file: null });
    expect(inspection.labels).toEqual({
      file: "index_to_name.json",
      count: 1000,
      first: ["tench", "goldfish", "great white shark"],
    });
    expect(inspection.model?.signature).toMatchObject({ parameters: 4_716_032, facts: { opset: "ai.onnx 17" } });
    expect(inspection.integrityRoot).toBe(integrityRoot);
    const declared = inspection.manifest?.modelArchiver?.integrity?.entries ?? {};
    for (const entry of inspection.entries) {
      if (entry.path !== "MAR-INF/MANIFEST.json") expect(entry.sha256).toBe(declared[entry.path]?.sha256);
    }
    const page = renderInspection(inspection, plain);
    expect(page).toContain("base_handler, TorchServe's own");
    expect(page).toContain("batchx3x224x224");
    expect(page).not.toMatch(/[ \t]$/m);
  },
);

test.each([
  ["tiny/bert_like.onnx", "onnx", ["input_ids", "attention_mask"]],
  ["tiny/tiny.safetensors", "safetensors", []],
  ["tiny/tiny.pth", "torch-zip", []],
  ["tiny/tiny_legacy.pth", "torch-legacy", []],
  ["tiny/malicious.pkl", "pickle", []],
  ["tiny/tiny.pt2", "torch-export", null],
  ["tiny/tiny_traced.pt", "torchscript", null],
] as const)("a bare file is told by its content: %s", async (file, format, inputs) => {
  const inspection = await look(join(fixtures, file));
  expect(inspection).toMatchObject({ container: "bare", manifest: null, model: { format } });
  if (inputs !== null) expect(inspection.model?.signature?.inputs.map((input) => input.name) ?? []).toEqual(inputs);
});

test.each(["truncated.onnx", "garbage.onnx", "empty.onnx"])(
  "a broken model is shown as far as it goes: %s",
  async (file) => {
    const inspection = await look(join(fixtures, "tiny", file));
    expect(inspection.entries).toHaveLength(1);
    expect(renderInspection(inspection, plain)).toContain(file);
  },
);

test.skipIf(process.platform === "win32")("a name with escapes reaches the terminal as text", async () => {
  const evil = join(folder, "evil");
  mkdirSync(join(evil, "MAR-INF"), { recursive: true });
  writeFileSync(join(evil, "a\u001b[31mred.txt"), "x");
  const model = { modelName: "\u001b]0;title\u0007", handler: "h" };
  writeFileSync(join(evil, "MAR-INF/MANIFEST.json"), JSON.stringify({ runtime: "python", model }));
  const page = renderInspection(await look(evil), plain);
  // eslint-disable-next-line no-control-regex
  expect(page).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  expect(page).toContain("\\x1b[31mred.txt");
});
