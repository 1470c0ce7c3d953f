import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { archive, archiveFormats } from "../../src/index.ts";
import { lacksTorchServe, TorchServe } from "./torchserve.ts";

const lacking = lacksTorchServe();
const fixture = (name: string) => join("fixtures/efficientnet-lite0", name);
const golden: { images: Record<string, { label: string; probability: number }[]> } = JSON.parse(
  readFileSync(fixture("golden.json"), "utf8"),
);
const suffixes = { default: ".mar", "zip-store": ".mar", tgz: ".tar.gz", "no-archive": "" } as const;

describe.skipIf(lacking)(`a real TorchServe ${lacking ?? ""}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "served-"));
  let server: TorchServe;
  beforeAll(async () => {
    server = await TorchServe.start();
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  async function serves(modelName: string, file: string, image: string): Promise<void> {
    const registered = await server.register(file);
    expect(registered, server.why().join("\n")).toMatchObject({ status: 200 });
    expect((await server.describe(modelName)).body).toContain('"READY"');
    const { status, body } = await server.predict(modelName, readFileSync(fixture(image)));
    expect(status, body).toBe(200);
    const labels: Record<string, number> = JSON.parse(body);
    const expected = golden.images[image] ?? [];
    expect(Object.keys(labels)).toEqual(expected.map((one) => one.label));
    for (const { label, probability } of expected)
      expect(Math.abs((labels[label] ?? 0) - probability)).toBeLessThan(0.02);
    await server.unregister(modelName);
  }

  for (const format of archiveFormats) {
    test(`serves an ONNX archive of the format ${format}`, async () => {
      const modelName = `lite0_${format.replace("-", "_")}`;
      await archive({
        modelName,
        version: "1.0",
        handler: fixture("onnx_handler.py"),
        serializedFile: fixture("model.onnx"),
        extraFiles: [fixture("index_to_name.json")],
        archiveFormat: format,
        exportPath: folder,
      });
      await serves(modelName, join(folder, modelName + suffixes[format]), "cat.jpg");
    });
  }

  test("serves a TorchScript archive with its own image_classifier", async () => {
    await archive({
      modelName: "lite0_script",
      version: "1.0",
      handler: "image_classifier",
      serializedFile: fixture("model.pt"),
      extraFiles: [fixture("index_to_name.json")],
      exportPath: folder,
    });
    await serves("lite0_script", join(folder, "lite0_script.mar"), "coffee.jpg");
  });
});
