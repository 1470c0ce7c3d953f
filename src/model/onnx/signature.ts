import type { ValueInfo } from "../../graph/graph.ts";
import type { Signature } from "../signature.ts";
import type { OnnxModel } from "./model.ts";
import { elementsIn, type OnnxTensor } from "./tensor.ts";
import { readValueInfo } from "./value-info.ts";
import { graphsOf, nodesOf, tensorsOf } from "./walk-graph.ts";

/** What an ONNX model takes, gives and is made of. Throws MalformedModel for broken type descriptions. */
export function onnxSignature(model: OnnxModel): Signature {
  const { graph } = model;
  const initialized = new Set(graph?.initializers.map((tensor) => tensor.name));
  const values = graph?.inputs.map(readValueInfo) ?? [];
  const inputs: ValueInfo[] = values.filter((value) => !initialized.has(value.name));
  return {
    inputs,
    outputs: graph?.outputs.map(readValueInfo) ?? [],
    operators: countOperators(model),
    parameters: countParameters(model),
    facts: factsOf(model),
    externalData: externalFiles(model),
  };
}

/** Operator to number of nodes, most used first. Calls of the model's own functions count as what the functions hold. */
function countOperators(model: OnnxModel): Record<string, number> {
  const counts = new Map<string, number>();
  for (const node of nodesOf(model)) {
    const name = node.domain === "" ? node.op : `${node.domain}:${node.op}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const sorted = [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return Object.fromEntries(sorted);
}

/** Elements of all initializers: the constants of nodes are no parameters, shapes and axes among them. */
function countParameters(model: OnnxModel): number {
  let count = 0n;
  for (const graph of graphsOf(model)) {
    for (const tensor of graph.initializers) count += elementsIn(tensor.dims) ?? 0n;
    for (const sparse of graph.sparse) count += sparseElements(sparse.tensors);
  }
  return Number(count);
}

function sparseElements(tensors: readonly OnnxTensor[]): bigint {
  const [values] = tensors;
  return values === undefined ? 0n : (elementsIn(values.dims) ?? 0n);
}

function externalFiles(model: OnnxModel): string[] {
  const files = new Set<string>();
  for (const tensor of tensorsOf(model)) {
    if (tensor.external !== null) files.add(tensor.external.get("location") ?? "");
  }
  return [...files];
}

function factsOf(model: OnnxModel): Record<string, string> {
  const opsets = [...model.opsets].map(([domain, version]) => `${domain === "" ? "ai.onnx" : domain} ${version}`);
  const facts: Record<string, string> = { "IR version": String(model.irVersion), opset: opsets.join(", ") };
  const producer = `${model.producer} ${model.producerVersion}`.trim();
  if (producer !== "") facts["producer"] = producer;
  if (model.graph?.name) facts["graph"] = model.graph.name;
  if (model.functions.length > 0) facts["functions"] = String(model.functions.length);
  if (model.training.length > 0) facts["training graphs"] = String(model.training.length);
  return facts;
}
