import type { Graph } from "../../src/graph/graph.ts";
import { onnxBytes } from "../../src/graph/onnx-bytes.ts";

const int64 = (value: bigint): Uint8Array => new Uint8Array(new BigInt64Array([value]).buffer);

/** An ONNX model that adds 1 to x, `trips` times: with enough trips it never ends. */
export function loopModel(trips: bigint): Uint8Array {
  const body: Graph = {
    name: "body",
    inputs: [
      { name: "i", dtype: "int64", shape: [] },
      { name: "go", dtype: "bool", shape: [] },
      { name: "before", dtype: "float32", shape: [1] },
    ],
    outputs: [
      { name: "go_on", dtype: "bool", shape: [] },
      { name: "after", dtype: "float32", shape: [1] },
    ],
    nodes: [
      { op: "Identity", domain: "", inputs: ["go"], outputs: ["go_on"], attributes: {} },
      { op: "Add", domain: "", inputs: ["before", "one"], outputs: ["after"], attributes: {} },
    ],
    tensors: [],
  };
  const graph: Graph = {
    name: "loop",
    inputs: [{ name: "x", dtype: "float32", shape: [1] }],
    outputs: [{ name: "y", dtype: "float32", shape: [1] }],
    nodes: [
      { op: "Loop", domain: "", inputs: ["trips", "", "x"], outputs: ["y"], attributes: { body: { graph: body } } },
    ],
    tensors: [
      { name: "trips", dtype: "int64", shape: [], storage: { bytes: int64(trips) } },
      { name: "one", dtype: "float32", shape: [1], storage: { bytes: new Uint8Array(new Float32Array([1]).buffer) } },
    ],
  };
  return onnxBytes(graph);
}
