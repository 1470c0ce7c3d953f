import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memorySource } from "../../../src/archive/byte-source.ts";
import { graphModel } from "../../../src/graph/graph-model.ts";
import type { Graph, Tensor } from "../../../src/graph/graph.ts";
import { onnxBytes } from "../../../src/graph/onnx-bytes.ts";
import { readSignature } from "../../../src/model/read-signature.ts";
import { EngineProcess } from "../../../src/runtime/session.ts";
import { numbersOf } from "../../../src/runtime/summary.ts";

const floats = (...values: number[]): Uint8Array => new Uint8Array(new Float32Array(values).buffer);
const ints = (...values: bigint[]): Uint8Array => new Uint8Array(new BigInt64Array(values).buffer);

const scalar = (name: string, bytes: Uint8Array, dtype: Tensor["dtype"]): Tensor => ({
  name,
  dtype,
  shape: [],
  storage: { bytes },
});

/** `y = x * w + b`, then doubled when the sum of y is above zero, else negated: nodes, tensors, an If. */
function branching(weight: Tensor["storage"]): Graph {
  const branch = (name: string, factor: number): Graph => ({
    name,
    inputs: [],
    outputs: [{ name: `${name}_out`, dtype: "float32", shape: ["batch", 512] }],
    nodes: [
      {
        op: "Constant",
        domain: "",
        inputs: [],
        outputs: [`${name}_k`],
        attributes: { value: { tensor: scalar("", floats(factor), "float32") } },
      },
      { op: "Mul", domain: "", inputs: ["affine", `${name}_k`], outputs: [`${name}_out`], attributes: {} },
    ],
    tensors: [],
  });
  return {
    name: "branching",
    inputs: [{ name: "x", dtype: "float32", shape: ["batch", 512] }],
    outputs: [{ name: "y", dtype: "float32", shape: ["batch", 512] }],
    nodes: [
      { op: "Mul", domain: "", inputs: ["x", "w"], outputs: ["product"], attributes: {} },
      { op: "Add", domain: "", inputs: ["product", "b"], outputs: ["affine"], attributes: {} },
      {
        op: "ReduceSum",
        domain: "",
        inputs: ["affine", "axes"],
        outputs: ["sum"],
        attributes: { keepdims: { int: 0 } },
      },
      { op: "Greater", domain: "", inputs: ["sum", "zero"], outputs: ["positive"], attributes: {} },
      {
        op: "If",
        domain: "",
        inputs: ["positive"],
        outputs: ["y"],
        attributes: { then_branch: { graph: branch("then", 2) }, else_branch: { graph: branch("else", -1) } },
      },
    ],
    tensors: [
      { name: "w", dtype: "float32", shape: [512], storage: weight },
      { name: "b", dtype: "float32", shape: [1], storage: { bytes: floats(0.5) } },
      { name: "axes", dtype: "int64", shape: [2], storage: { bytes: ints(0n, -1n) } },
      scalar("zero", floats(0), "float32"),
    ],
  };
}

const engine = new EngineProcess({ project: process.cwd(), timeoutMs: 30_000 });
let folder = "";
let file = "";
const weights = Float32Array.from({ length: 512 }, (_, i) => i / 512);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "onnx-bytes-"));
  file = join(folder, "model ä.mar");
  await writeFile(file, Buffer.concat([Buffer.alloc(77, 0xee), new Uint8Array(weights.buffer)]));
});

afterAll(async () => {
  engine.close();
  await rm(folder, { recursive: true });
});

test.each([1, 2])("a graph with a weight in a file, a branch and %i rows runs in the engine", async (rows) => {
  const located = { position: { file, offset: 77 }, byteLength: 2048 };
  const made = await graphModel(branching(located));
  const { model } = made;
  expect(model.bytes.length).toBeLessThan(1500);
  await engine.load(model);
  for (const fill of ["ones", "zeros"] as const) {
    const { raw } = await engine.run([{ name: "x", dtype: "float32", shape: [rows, 512], fill: { kind: fill } }], {
      raw: true,
    });
    const y = raw?.[0];
    expect(y?.shape).toEqual([rows, 512]);
    const values = numbersOf("float32", y?.bytes ?? new Uint8Array());
    const x = fill === "ones" ? 1 : 0;
    for (const i of [0, 5, 511]) expect(values.at(i)).toBeCloseTo(2 * (x * (weights[i] ?? 0) + 0.5), 5);
  }
  await made.close();
});

test("a negative sum takes the other branch", async () => {
  const negative = new Uint8Array(weights.map((value) => -10 * value).buffer);
  const { model } = await graphModel(branching({ bytes: negative }));
  expect(model.folder).toBeNull();
  await engine.load(model);
  const ran = await engine.run([{ name: "x", dtype: "float32", shape: [1, 512], fill: { kind: "ones" } }]);
  expect(ran.outputs[0]?.first[2]).toBeCloseTo((10 * 2) / 512 - 0.5, 5);
});

test("tensors of two folders are gathered, and the private folder is removed", async () => {
  const other = await mkdtemp(join(tmpdir(), "onnx-bytes-"));
  await writeFile(join(other, "data.bin"), new Uint8Array(weights.buffer));
  const graph = branching({ position: { file, offset: 77 }, byteLength: 2048 });
  const second: Tensor = {
    name: "w2",
    dtype: "float32",
    shape: [512],
    storage: { position: { file: join(other, "data.bin"), offset: 0 }, byteLength: 2048 },
  };
  const both: Graph = {
    ...graph,
    nodes: [
      { op: "Add", domain: "", inputs: ["w", "w2"], outputs: ["w3"], attributes: {} },
      { op: "Mul", domain: "", inputs: ["x", "w3"], outputs: ["product"], attributes: {} },
      ...graph.nodes.slice(1),
    ],
    tensors: [...graph.tensors, second],
  };
  const made = await graphModel(both);
  expect(made.model.folder).not.toBeNull();
  await engine.load(made.model);
  const ran = await engine.run([{ name: "x", dtype: "float32", shape: [1, 512], fill: { kind: "ones" } }]);
  expect(ran.outputs[0]?.first[4]).toBeCloseTo(2 * ((2 * 4) / 512 + 0.5), 5);
  await made.close();
  await rm(other, { recursive: true });
  await expect(rm(made.model.folder ?? "")).rejects.toThrow("ENOENT");
});

test.each([17, 18, 20, 21])("opset %i is declared with an IR version the engine takes", async (opset) => {
  const bytes = onnxBytes(branching({ bytes: new Uint8Array(weights.buffer) }), { opset });
  await expect(engine.load({ bytes, folder: null })).resolves.toBeDefined();
  const signature = await readSignature(memorySource(bytes), "onnx");
  expect(Object.values(signature?.facts ?? {}).join(" ")).toContain(String(opset));
});

test("every kind of attribute survives a round trip through our reader", async () => {
  const bytes = onnxBytes({
    name: "attributes",
    inputs: [{ name: "x", dtype: "float16", shape: null }],
    outputs: [{ name: "y", dtype: "bool", shape: [2, "n", null] }],
    nodes: [
      {
        op: "Custom",
        domain: "com.example",
        inputs: ["x", "", "x"],
        outputs: ["y"],
        attributes: {
          i: { int: -9_007_199_254_740_993n },
          f: { float: 0.1 },
          s: { string: "grüße" },
          ints: { ints: [-1, 0, 2 ** 40] },
          floats: { floats: [1.5, -2] },
          strings: { strings: ["a", ""] },
        },
      },
    ],
    tensors: [],
  });
  const signature = await readSignature(memorySource(bytes), "onnx");
  expect(signature?.operators).toEqual({ "com.example:Custom": 1 });
  expect(signature?.inputs).toEqual([{ name: "x", dtype: "float16", shape: null }]);
  expect(signature?.outputs).toEqual([{ name: "y", dtype: "bool", shape: [2, "n", null] }]);
});

test("optional inputs at the end are left out; a Loop has two inputs all the same", () => {
  const bytes = (op: string, inputs: readonly string[]) =>
    onnxBytes({
      name: "inputs",
      inputs: [],
      outputs: [],
      nodes: [{ op, domain: "", inputs, outputs: ["y"], attributes: {} }],
      tensors: [],
    });
  expect(bytes("Conv", ["x", "w", ""])).toEqual(bytes("Conv", ["x", "w"]));
  expect(bytes("Clip", ["x", "", "most"])).not.toEqual(bytes("Clip", ["x", "most"]));
  expect(bytes("Loop", ["trips", "", ""])).toEqual(bytes("Loop", ["trips", ""]));
  expect(bytes("Loop", ["trips", ""])).not.toEqual(bytes("Loop", ["trips"]));
});
