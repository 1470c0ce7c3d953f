import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { diffLines } from "../../../src/diff/lines.ts";
import { runMain } from "../../support/run-main.ts";

const tiny = resolve(import.meta.dirname, "../../../fixtures/tiny");
let folder = "";
const path = (name: string) => join(folder, name);
const run = (...argv: string[]) => runMain(argv, { cwd: folder });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "diff-"));
  const lines = Array.from({ length: 40 }, (_, i) => `# line ${i}`);
  writeFileSync(path("h.py"), `${lines.join("\n")}\ndef handle(data, context):\n    return data\n`);
  writeFileSync(path("old.txt"), "only before\n");
  const first = ["--serialized-file", join(tiny, "cnn10_static.onnx"), "--handler", path("h.py")];
  await run("archive", "--model-name", "a", "-v", "1", ...first, "--extra-files", path("old.txt"));
  writeFileSync(path("h.py"), `${lines.join("\n")}\ndef handle(data, context):\n    return None\n`);
  const second = ["--serialized-file", join(tiny, "cnn10_dynamic_nhw.onnx"), "--handler", path("h.py")];
  await run("archive", "--model-name", "b", "-v", "2", ...second);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("an archive does not differ from itself, whatever its container", async () => {
  expect(await run("diff", "a.mar", "a.mar")).toMatchObject({ exitCode: 0 });
  await run("extract", "a.mar", "-o", "unpacked");
  expect((await run("diff", "a.mar", "unpacked")).stdout).toContain("no difference");
});

test("tells what differs, as one document of the published schema", async () => {
  const { exitCode, stdout } = await run("diff", "a.mar", "b.mar", "--json");
  expect(exitCode).toBe(1);
  const schema = JSON.parse(readFileSync(new URL("../../../schema/diff.schema.json", import.meta.url), "utf8"));
  const fits = new Ajv2020({ strict: false }).compile(schema);
  const document = JSON.parse(stdout);
  expect(fits(document), JSON.stringify(fits.errors)).toBe(true);
  expect(document.manifest).toContainEqual({ name: "/model/modelName", before: "a", after: "b" });
  expect(document.model).toContainEqual({
    name: "file",
    before: "cnn10_static.onnx",
    after: "cnn10_dynamic_nhw.onnx",
  });
  expect(
    document.entries.map(({ path: name, change }: { path: string; change: string }) => `${change} ${name}`),
  ).toEqual(["added cnn10_dynamic_nhw.onnx", "removed cnn10_static.onnx", "changed h.py", "removed old.txt"]);
  expect(document.texts).toEqual([
    {
      path: "h.py",
      pathBefore: "h.py",
      hunks: [
        {
          lineBefore: 39,
          lineAfter: 39,
          lines: [" # line 38", " # line 39", " def handle(data, context):", "-    return data", "+    return None"],
        },
      ],
    },
  ]);
});

test("an archive in an image layout and one behind a URL are fetched whole", async () => {
  expect(await run("push", "a.mar", "oci-layout:layout:1")).toMatchObject({ exitCode: 0 });
  const server = createServer((_, response) => response.end(readFileSync(path("b.mar"))));
  await new Promise<void>((resolved) => server.listen(0, "127.0.0.1", resolved));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  try {
    const found = await run("diff", "oci-layout:layout:1", `http://127.0.0.1:${port}/b.mar`, "--json");
    const local = JSON.parse((await run("diff", "a.mar", "b.mar", "--json")).stdout);
    const sides = { before: "oci-layout:layout:1", after: `http://127.0.0.1:${port}/b.mar` };
    expect(JSON.parse(found.stdout)).toEqual({ ...local, ...sides });
    const bom = await run("bom", "oci-layout:layout:1");
    expect(bom.stdout).toBe((await run("bom", "a.mar")).stdout);
  } finally {
    server.close();
  }
});

test("inputs, parameters and operators; handler, requirements and configuration whatever their names", async () => {
  const pack = async (name: string, model: string, lines: readonly string[]) => {
    const [handler = "", requirements = "", rows = ""] = lines;
    writeFileSync(path(`${name}_handler.py`), `def handle(data, context):\n    return ${handler}\n`);
    writeFileSync(path(`${name}_requirements.txt`), requirements);
    writeFileSync(path(`${name}.yaml`), `batchSize: ${rows}\n`);
    const files = ["--serialized-file", join(tiny, model), "--handler", path(`${name}_handler.py`)];
    const more = ["-r", path(`${name}_requirements.txt`), "--config-file", path(`${name}.yaml`)];
    await run("archive", "--model-name", name, "-v", "1", ...files, ...more);
  };
  await pack("first", "cnn10_static.onnx", ["data", "numpy==1.0\n", "1"]);
  await pack("second", "cnn10_nan.onnx", ["None", "numpy==2.0\n", "4"]);
  const { model, operators, texts } = JSON.parse((await run("diff", "first.mar", "second.mar", "--json")).stdout);
  expect(model).toContainEqual({
    name: "input input",
    before: "float32 [1, 3, 224, 224]",
    after: "float32 [batch, 3, 224, 224]",
  });
  expect(model).toContainEqual({ name: "parameters", before: "1562", after: "1563" });
  expect(operators).toContainEqual({ name: "Abs", before: null, after: "1" });
  const changed = texts.map(
    ({ path: now, pathBefore, hunks }: { path: string; pathBefore: string; hunks: { lines: string[] }[] }) => [
      pathBefore,
      now,
      hunks.flatMap(({ lines }) => lines.filter((line) => !line.startsWith(" "))),
    ],
  );
  expect(changed).toEqual([
    ["first.yaml", "second.yaml", ["-batchSize: 1", "+batchSize: 4"]],
    ["first_handler.py", "second_handler.py", ["-    return data", "+    return None"]],
    ["first_requirements.txt", "second_requirements.txt", ["-numpy==1.0", "+numpy==2.0"]],
  ]);
  expect((await run("diff", "first.mar", "second.mar")).stdout).toContain("first_handler.py → second_handler.py");
});

test("what cannot be read is an error", async () => {
  expect(await run("diff", "a.mar", "oci-layout:layout:2")).toMatchObject({ exitCode: 2 });
  expect(await run("diff", "a.mar", "missing.mar")).toMatchObject({ exitCode: 2 });
});

test("for a terminal and for a merge request", async () => {
  const text = await run("diff", "a.mar", "b.mar");
  expect(text.stdout).toContain("+    return None");
  const markdown = await run("diff", "a.mar", "b.mar", "--markdown", "-");
  expect(markdown.stdout).toContain("| <code>h.py</code> | changed |");
  expect(markdown.stdout).toContain("```diff");
  expect(text.stdout).toContain("6 changed, 0 unchanged");
  expect(markdown.stdout).toContain("6 tensors changed, 0 unchanged.");
});

const lacksPatch = spawnSync("patch", ["--version"]).error !== undefined;
const skipped = lacksPatch ? " (skipped: needs patch)" : "";

test.skipIf(lacksPatch)(`patch(1) makes the second text of the first and our hunks${skipped}`, () => {
  const line = fc.constantFrom("a", "b", "c", "d", "");
  const text = fc.array(line, { maxLength: 30 }).map((lines) => lines.map((one) => `${one}\n`).join(""));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const hunks = diffLines(before, after);
      expect(hunks.length === 0).toBe(before === after);
      if (before === after) return;
      const body = hunks.map(({ lineBefore, lineAfter, lines }) => {
        const count = (other: string) => lines.filter((one) => !one.startsWith(other)).length;
        const [old, now] = [count("+"), count("-")];
        const start = (at: number, length: number) => (length === 0 ? at - 1 : at);
        return `@@ -${start(lineBefore, old)},${old} +${start(lineAfter, now)},${now} @@\n${lines.join("\n")}\n`;
      });
      writeFileSync(path("before"), before);
      const patch = `--- before\n+++ before\n${body.join("")}`;
      execFileSync("patch", ["-s", "--posix", "--fuzz=0", path("before")], { input: patch });
      const made = spawnSync("cat", [path("before")], { encoding: "utf8" }).stdout;
      expect(made).toBe(after);
    }),
    { numRuns: 40 },
  );
});
