import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { tritonConfig } from "../../../src/export/config-pbtxt.ts";
import { onnxBytes } from "../../../src/graph/onnx-bytes.ts";
import { exportArchive, openArchive } from "../../../src/index.ts";
import { runMain } from "../../support/run-main.ts";

const tiny = resolve(import.meta.dirname, "../../../fixtures/tiny");
let folder = "";
const path = (...names: string[]) => join(folder, ...names);
const run = (...argv: string[]) => runMain(argv, { cwd: folder });
const text = (...names: string[]) => readFileSync(path(...names), "utf8");

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "export-"));
  const labels = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [String(i), `class ${i}`]));
  writeFileSync(path("index_to_name.json"), JSON.stringify(labels));
  writeFileSync(path("model-config.yaml"), "batchSize: 4\nmaxBatchDelay: 50\n");
  const model = ["--serialized-file", join(tiny, "cnn10_dynamic_nhw.onnx"), "--handler", "onnx_image_classifier"];
  const more = ["--extra-files", path("index_to_name.json"), "--config-file", path("model-config.yaml")];
  await run("archive", "--model-name", "digits", "-v", "2.1", ...model, ...more);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("triton: rows are gathered where they were seen to work, classes have their names", async () => {
  expect(await run("export", "digits.mar", "--to", "triton", "-o", "repository")).toMatchObject({ exitCode: 0 });
  expect(text("repository/digits/config.pbtxt")).toBe(`name: "digits"
backend: "onnxruntime"
max_batch_size: 4
input {
  name: "input"
  data_type: TYPE_FP32
  dims: [ 3, -1, -1 ]
}
output {
  name: "logits"
  data_type: TYPE_FP32
  dims: [ 10 ]
  label_filename: "labels.txt"
}
dynamic_batching { }
parameters {
  key: "model_version"
  value { string_value: "2.1" }
}
`);
  expect(text("repository/digits/labels.txt").split("\n").slice(0, 2)).toEqual(["class 0", "class 1"]);
  const model = readFileSync(path("repository/digits/2/model.onnx"));
  expect(model.equals(readFileSync(join(tiny, "cnn10_dynamic_nhw.onnx")))).toBe(true);
});

test("triton: a PyTorch program is lowered for the shapes it is given, and not gathered", async () => {
  const input = ["--input", "2x3x64x64"];
  const done = await run("export", join(tiny, "tiny_traced.pt"), "--to", "triton", "-o", "repository", ...input);
  expect(done.exitCode, done.stderr).toBe(0);
  expect(text("repository/tiny_traced/config.pbtxt")).toContain("max_batch_size: 0");
  expect(text("repository/tiny_traced/config.pbtxt")).toContain("dims: [ 2, 3, 64, 64 ]");
  expect(readdirSync(path("repository/tiny_traced/1"))).toEqual(["model.onnx"]);
});

test("kserve: an InferenceService for the repository beside it", async () => {
  const where = ["--storage-uri", "s3://models/digits"];
  expect(await run("export", "digits.mar", "--to", "kserve", "-o", "deploy", ...where)).toMatchObject({ exitCode: 0 });
  const service = parse(text("deploy/digits/inference-service.yaml"));
  expect(service.spec.predictor.model).toMatchObject({
    runtime: "kserve-tritonserver",
    storageUri: "s3://models/digits",
  });
  expect(text("deploy/digits/model-repository/digits/config.pbtxt")).toContain('name: "digits"');
});

test("onnx: the model as it is, with the data beside it", async () => {
  expect(await run("export", join(tiny, "external/model.onnx"), "--to", "onnx", "-o", "plain")).toMatchObject({
    exitCode: 0,
  });
  for (const name of ["model.onnx", "model.onnx.data"]) {
    expect(readFileSync(path("plain/model", name)).equals(readFileSync(join(tiny, "external", name)))).toBe(true);
  }
});

test("directory: the files, and a description of them", async () => {
  expect(await run("export", "digits.mar", "--to", "directory", "-o", "files")).toMatchObject({ exitCode: 0 });
  const described = JSON.parse(text("files/digits/model.json"));
  expect(described).toMatchObject({ name: "digits", version: "2.1", model: { format: "onnx" } });
  const written = readdirSync(path("files/digits"), { recursive: true, encoding: "utf8" });
  const files: string[] = described.files.map((file: { path: string }) => file.path);
  expect(written.toSorted()).toEqual([...files, "model.json"].toSorted());
  expect(files).toContain("cnn10_dynamic_nhw.onnx");
});

test("--json is what its schema says, written or refused", async () => {
  const schema = JSON.parse(readFileSync(new URL("../../../schema/export.schema.json", import.meta.url), "utf8"));
  const fits = new Ajv2020({ strict: false }).compile(schema);
  const done = await run("export", "digits.mar", "--to", "onnx", "-o", "json", "--json");
  const document = JSON.parse(done.stdout);
  expect(fits(document), JSON.stringify(fits.errors)).toBe(true);
  expect(document).toMatchObject({ name: "digits", check: { largestDifference: 0 } });
  expect(document.left[0]).toContain("onnx_image_classifier");
  const refused = await run("export", join(tiny, "malicious.pth"), "--to", "directory", "-o", "json", "--json");
  expect(refused.exitCode).toBe(1);
  const second = JSON.parse(refused.stdout);
  expect(fits(second), JSON.stringify(fits.errors)).toBe(true);
  expect(second).toMatchObject({ folder: null, files: [] });
  expect(readdirSync(path("json"))).toEqual(["digits"]);
});

test("what is wrong for TorchServe only does not stand in the way", async () => {
  const model = ["--serialized-file", join(tiny, "cnn10_static.onnx"), "--handler", "image_classifier"];
  await run("archive", "--model-name", "wrong", "-v", "1", ...model);
  expect(await run("verify", "--static", "wrong.mar")).toMatchObject({ exitCode: 1 });
  expect(await run("export", "wrong.mar", "--to", "onnx", "-o", "plain")).toMatchObject({ exitCode: 0 });
});

test("an export is replaced with --force, anything else is not", async () => {
  await run("export", "digits.mar", "--to", "onnx", "-o", "again");
  expect((await run("export", "digits.mar", "--to", "onnx", "-o", "again")).stderr).toContain("already-exists");
  writeFileSync(path("again/digits/stray"), "");
  expect(await run("export", "digits.mar", "--to", "onnx", "-o", "again", "--force")).toMatchObject({ exitCode: 0 });
  expect(readdirSync(path("again/digits"))).toEqual(["model.onnx"]);
  mkdirSync(path("mine/digits"), { recursive: true });
  writeFileSync(path("mine/digits/thesis.txt"), "years of work");
  const kept = await run("export", "digits.mar", "--to", "onnx", "-o", "mine", "--force");
  expect({ exitCode: kept.exitCode, there: readdirSync(path("mine/digits")) }).toEqual({
    exitCode: 2,
    there: ["thesis.txt"],
  });
});

test.each([
  ["a checkpoint", [join(tiny, "tiny.pth"), "--to", "onnx"], "not-convertible"],
  ["no such target", ["digits.mar", "--to", "tensorrt"], "invalid"],
  ["no target", ["digits.mar"], "--to"],
  ["no such file", ["missing.mar", "--to", "onnx"], "not-found"],
  ["a shape that does not fit", [join(tiny, "cnn10_static.onnx"), "--to", "onnx", "--input", "1x5"], "not-convertible"],
  ["a timeout that is no number", ["digits.mar", "--to", "onnx", "--timeout", "soon"], "usage"],
  ["storage for no KServe", ["digits.mar", "--to", "onnx", "--storage-uri", "s3://m"], "usage"],
  ["an input for plain files", ["digits.mar", "--to", "directory", "--input", "1x3"], "usage"],
])("%s is an error and leaves nothing", async (_, argv, code) => {
  const { exitCode, stderr } = await run("export", ...argv, "-o", "nothing");
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(code) });
  mkdirSync(path("nothing"), { recursive: true });
  expect(readdirSync(path("nothing"))).toEqual([]);
});

test("the library brings its own engine, and takes what is left out as it is", async () => {
  const archive = await openArchive(join(tiny, "cnn10_static.onnx"));
  try {
    const exported = await exportArchive(archive, { to: "onnx", output: path("library") });
    expect(exported).toMatchObject({ name: "cnn10_static", files: [{ path: "model.onnx" }], refused: [] });
  } finally {
    await archive.close();
  }
});

test("interrupted, it leaves nothing", async () => {
  const controller = new AbortController();
  const running = runMain(["export", join(tiny, "tiny_traced.pt"), "--to", "onnx", "-o", "stopped"], {
    cwd: folder,
    signal: controller.signal,
  });
  controller.abort();
  expect((await running).exitCode).not.toBe(0);
  mkdirSync(path("stopped"), { recursive: true });
  expect(readdirSync(path("stopped"))).toEqual([]);
});

test("an output without a rank, and one without dimensions", async () => {
  const one = { name: "one", dtype: "float32", shape: [], storage: { bytes: new Uint8Array(4) } } as const;
  const graph = {
    name: "sum",
    inputs: [{ name: "x", dtype: "float32", shape: ["n", 2] }],
    outputs: [
      { name: "y", dtype: "float32", shape: null },
      { name: "z", dtype: "float32", shape: [] },
    ],
    nodes: [
      { op: "Identity", domain: "", inputs: ["x"], outputs: ["y"], attributes: {} },
      { op: "Identity", domain: "", inputs: ["one"], outputs: ["z"], attributes: {} },
    ],
    tensors: [one],
  } as const;
  writeFileSync(path("sum.onnx"), onnxBytes(graph));
  const done = await run("export", "sum.onnx", "--to", "triton", "-o", "repository");
  expect(done.exitCode, done.stderr).toBe(0);
  const config = text("repository/sum/config.pbtxt");
  expect(config).toContain('name: "x"\n  data_type: TYPE_FP32\n  dims: [ -1, 2 ]');
  expect(config).toContain('name: "y"\n  data_type: TYPE_FP32\n  dims: [ -1, -1 ]');
  expect(config).toContain('name: "z"\n  data_type: TYPE_FP32\n  dims: [ 1 ]\n  reshape { shape: [ ] }');
});

test("types that Triton has not are refused, names are quoted", () => {
  const plain = { name: "m", outputs: [], maxBatchSize: 0, labels: null, modelVersion: null };
  const input = { name: 'a"b\\\n', dtype: "float32", shape: [1] } as const;
  expect(tritonConfig({ ...plain, inputs: [input] })).toContain('name: "a\\"b\\\\\\012"');
  const complex = { ...input, dtype: "complex64" } as const;
  expect(() => tritonConfig({ ...plain, inputs: [complex] })).toThrow("complex64, which Triton cannot take");
  const list = { ...input, type: "seq(map(int64, float32))" };
  expect(() => tritonConfig({ ...plain, inputs: [list] })).toThrow("seq(map(int64, float32))");
});
