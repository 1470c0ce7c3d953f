import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runMain } from "../../support/run-main.ts";

const tiny = resolve(import.meta.dirname, "../../../fixtures/tiny");
let folder = "";
const run = (...argv: string[]) => runMain(argv, { cwd: folder });
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "numeric-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `diff --numeric --json` of two fixtures; the document fits its schema. */
async function numeric(first: string, second: string, ...more: string[]) {
  const { stdout, stderr } = await run(
    "diff",
    resolve(tiny, first),
    resolve(tiny, second),
    "--numeric",
    "--json",
    ...more,
  );
  expect(stderr).toBe("");
  const schema = JSON.parse(readFileSync(new URL("../../../schema/diff.schema.json", import.meta.url), "utf8"));
  const fits = new Ajv2020({ strict: false }).compile(schema);
  const document = JSON.parse(stdout);
  expect(fits(document), JSON.stringify(fits.errors)).toBe(true);
  return document;
}

test("the same weights in another program compute the same", async () => {
  const { same, numeric: found } = await numeric("tiny_traced.pt", "tiny_scripted.pt");
  expect(same).toBe(false);
  expect(found).toMatchObject({ stage: "done", inputs: ["1x3x224x224 float32 random(0)"] });
  expect(found.outputs).toMatchObject([{ difference: 0, top: { rows: 1, same: 1 } }]);
});

test("one weight moved by a known amount moves its output by as much", async () => {
  const bytes = readFileSync(join(tiny, "cnn10_static.onnx"));
  // The last bias: raw_data (field 9) of ten floats is its tensor's last field; the class it belongs to is the first.
  const at = bytes.lastIndexOf(Buffer.from([0x4a, 40])) + 2;
  bytes.writeFloatLE(bytes.readFloatLE(at) + 2, at);
  const moved = join(folder, "moved.onnx");
  writeFileSync(moved, bytes);
  const { numeric: found, tensors } = await numeric("cnn10_static.onnx", moved);
  expect(tensors.changed).toMatchObject([{ name: "bf", change: "changed" }]);
  expect(found.outputs[0].difference).toBeCloseTo(2, 4);
});

test("models of different formats are fed by position, on the input that was asked for", async () => {
  const { numeric: found } = await numeric("tiny_traced.pt", "cnn10_static.onnx", "--input", "1x3x224x224@wave");
  expect(found).toMatchObject({ stage: "done", inputs: ["1x3x224x224 float32 wave"] });
  expect(found.outputs[0].difference).toBeGreaterThan(0.01);
});

test("an output that is not a number on one side is as far as can be", async () => {
  const { numeric: found } = await numeric("cnn10_static.onnx", "cnn10_nan.onnx");
  expect(found.outputs).toMatchObject([{ difference: "Infinity" }]);
});

test("outputs of other shapes are told, not subtracted", async () => {
  const { numeric: found } = await numeric("cnn10_static.onnx", "cnn1000.onnx");
  expect(found.outputs).toMatchObject([{ before: { shape: [1, 10] }, after: { shape: [1, 1000] }, difference: null }]);
});

test("nothing runs while a static check holds an error against either", async () => {
  const { numeric: found } = await numeric("cnn10_static.onnx", "malicious.pth");
  expect(found).toMatchObject({ stage: "skipped", at: "after", reason: expect.stringMatching(/^pickle\//) });
});

test("what cannot run, or does not take the input, is told with its reason", async () => {
  expect((await numeric("tiny.pth", "cnn10_static.onnx")).numeric).toMatchObject({
    stage: "skipped",
    at: "before",
    reason: expect.stringContaining("the program is in Python code"),
  });
  expect((await numeric("cnn10_static.onnx", "mnist_1x1x28x28.onnx")).numeric).toMatchObject({
    stage: "skipped",
    at: "after",
  });
  const text = await run("diff", join(tiny, "tiny.pth"), join(tiny, "cnn10_static.onnx"), "--numeric");
  expect(text.stdout).toContain(`not run: ${join(tiny, "tiny.pth")}: `);
});

test("--input without --numeric is a mistake", async () => {
  expect(await run("diff", "a", "b", "--input", "1x3")).toMatchObject({ exitCode: 2 });
});
