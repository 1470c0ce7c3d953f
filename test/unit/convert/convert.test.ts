import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openArchive } from "../../../src/archive/open.ts";
import { convert, type ConvertOptions } from "../../../src/convert/convert.ts";
import { readOnnx } from "../../../src/model/onnx/model.ts";
import { EnginePool } from "../../../src/runtime/engine-pool.ts";
import { verify } from "../../../src/verify/verify.ts";
import { runMain } from "../../support/run-main.ts";

const fixtures = fileURLToPath(new URL("../../../fixtures/", import.meta.url));
const pool = new EnginePool({ project: fixtures, timeoutMs: 60_000 });
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convert-"));
});
afterAll(async () => {
  pool.close();
  await rm(folder, { recursive: true });
});

async function run(file: string, options: Partial<ConvertOptions> & { output: string }) {
  const archive = await openArchive(fixtures + file);
  try {
    return await convert(archive, { force: false, inputs: [], fill: "wave", seed: 0, pool, ...options });
  } finally {
    await archive.close();
  }
}

it("writes real weights into one file that computes the same, and leaves nothing else", async () => {
  const output = join(folder, "lite0.onnx");
  const done = await run("efficientnet-lite0/model.pt", { output });
  expect(done).toMatchObject({
    output,
    data: null,
    opset: 20,
    inputs: [{ dtype: "float32", shape: [1, 3, 224, 224] }],
  });
  expect(done.check.largestDifference).toBeLessThan(1e-4);
  expect((await stat(output)).size).toBe(done.size);
  expect(await readdir(folder)).toEqual(["lite0.onnx"]);

  const archive = await openArchive(output);
  const report = await verify(archive, { fill: "wave", pool });
  await archive.close();
  expect(report.verdict).toBe("ready");
  expect(report.model?.signature?.externalData).toEqual([]);
});

it("puts the weights beside the model when they do not fit into one message", async () => {
  const output = join(folder, "net.onnx");
  const done = await run("torch-zoo/shufflenet_v2.pt", { output, embedLimit: 1000 });
  expect(done.data).toMatchObject({ path: `${output}.data` });
  const archive = await openArchive(output);
  const model = await readOnnx(await archive.open(archive.entries[0]));
  await archive.close();
  expect(model).toBeDefined();
  expect(done.size).toBeLessThan(100_000);
  expect((await stat(`${output}.data`)).size).toBe(done.data?.size);
});

it("overwrites only when told", async () => {
  const output = join(folder, "mine.onnx");
  await writeFile(output, "mine");
  await expect(run("torchscript/eval_traced.pt", { output })).rejects.toMatchObject({ code: "already-exists" });
  expect(await readFile(output, "utf8")).toBe("mine");
  await run("torchscript/eval_traced.pt", { output, force: true });
  expect((await stat(output)).size).toBeGreaterThan(4);
});

it("names what stands in the way", async () => {
  const output = join(folder, "none.onnx");
  await expect(run("torchscript/geqrf.pt", { output })).rejects.toMatchObject({
    code: "not-convertible",
    message: expect.stringContaining("aten::geqrf"),
  });
  await expect(run("efficientnet-lite0/model.onnx", { output })).rejects.toMatchObject({ code: "not-convertible" });
  expect(await readdir(folder)).not.toContain("none.onnx");
});

it("a program that the static checks refuse is not run", async () => {
  const output = join(folder, "train.onnx");
  const ran = await runMain(["convert", `${fixtures}torchscript/train_traced.pt`, "-o", output]);
  expect(ran.exitCode).toBe(2);
  expect(ran.stderr).toContain("(torchscript/training-mode)");
  expect(await readdir(folder)).not.toContain("train.onnx");
});

it("the numbers that a program takes beside its tensors become constants", async () => {
  const output = join(folder, "times.onnx");
  const inputs = [
    { kind: "tensor", name: null, shape: [3, 4], dtype: null, fill: null },
    { kind: "int", name: null, value: 3 },
  ] as const;
  const done = await run("torch-programs/nested_if_scripted.pt", { output, inputs });
  expect(done.inputs).toMatchObject([{ dtype: "float32", shape: [3, 4] }]);
  expect(done.check.largestDifference).toBeLessThan(1e-4);
});
