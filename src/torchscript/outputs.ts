import { knownItems } from "./stacked-list.ts";
import { graphShape } from "./extent.ts";
import type { Graph, Tensor, ValueInfo } from "../graph/graph.ts";
import type { LoweredModel } from "../runtime/runtime-input.ts";
import type { Builder } from "./builder.ts";
import { asSymbolic } from "./symbolic.ts";
import { stored } from "./graph-emitter.ts";
import type { NamedTensor } from "./graph-input.ts";
import { unsupported } from "./lowering-error.ts";
import { textOf } from "./operators/text-of.ts";
import { dequantized } from "./quantized-grid.ts";
import { liveNodes, usedNames } from "./live-nodes.ts";
import { GraphValue, TensorValue } from "./tensor-value.ts";
import { DictValue, ListValue, ObjectValue, OptionalValue, TupleValue, UnknownValue, type Value } from "./value.ts";

/**
 * Ends a walk: the result flattened in order (tuples, lists, the values of dicts; None and texts left out), nodes that
 * nothing needs removed, and the graph put together.
 */
export function finish(
  builder: Builder,
  inputs: readonly NamedTensor[],
  result: Value,
  missing: ReadonlyMap<string, number>,
): LoweredModel {
  const leaves = flatten(result, "output", builder);
  if (missing.size > 0) {
    const graph: Graph = { name: "torch", inputs: [], outputs: [], nodes: [], tensors: [] };
    return { graph, inputs, outputs: [], missing: Object.fromEntries(missing) };
  }
  if (leaves.length === 0) throw unsupported("a model that returns no tensor");
  const taken = new Set(inputs.map(({ name }) => name));
  const outputs = leaves.map(({ name, tensor }) => output(builder, uniqueName(name, taken), tensor));
  const nodes = liveNodes(
    builder.graph.root.nodes,
    outputs.map(({ name }) => name),
  );
  const used = usedNames(nodes);
  const graph: Graph = {
    name: "torch",
    inputs: inputs.map(valueInfo),
    outputs: outputs.map(valueInfo),
    nodes,
    tensors: builder.graph.tensors.filter((tensor: Tensor) => used.has(tensor.name)),
  };
  return { graph, inputs, outputs: outputs.map(({ name }) => name), missing: {} };
}

function valueInfo(value: NamedTensor | GraphValue): ValueInfo {
  const [dtype, shape] = stored(value);
  return { name: value.name, dtype, shape: graphShape(shape) };
}

interface Leaf {
  readonly name: string;
  readonly tensor: TensorValue;
}

function flatten(value: Value, name: string, builder: Builder, depth = 0): Leaf[] {
  if (depth > 50) throw unsupported("a result that is nested too deeply");
  const inner = (items: readonly Value[]) =>
    items.flatMap((item, i) => flatten(item, `${name}_${i}`, builder, depth + 1));
  if (value === null || typeof value === "string" || value instanceof UnknownValue) return [];
  if (value instanceof OptionalValue) throw unsupported("an output that is None or not by the values of a tensor");
  if (value instanceof TensorValue) return [{ name, tensor: dequantized(builder, value) }];
  if (value instanceof TupleValue) {
    return value.items.flatMap((item, i) => flatten(item, value.fields?.[i] ?? `${name}_${i}`, builder, depth + 1));
  }
  if (value instanceof ListValue) return inner(knownItems(value));
  if (value instanceof DictValue) {
    return [...value.content.values()].flatMap(([key, item]) =>
      flatten(item, typeof key === "string" ? key : `${name}_${textOf(key)}`, builder, depth + 1),
    );
  }
  if (value instanceof ObjectValue) return inner([...value.content.values()]);
  const scalar = asSymbolic(value, builder);
  if (scalar !== null) return [{ name, tensor: scalar.tensor }];
  throw unsupported("a result of this kind");
}

/** An output of its own name: inputs, weights and values that are returned twice are outputs, too. */
function output(builder: Builder, name: string, tensor: TensorValue): GraphValue {
  // ONNX Runtime's Node interface has no bfloat16 tensors; float32 holds every value of theirs.
  const value = builder.read(tensor.dtype === "bfloat16" ? builder.cast(tensor, "float32") : tensor);
  const result = new GraphValue(value.dtype, value.shape, { name, scope: builder.graph.root });
  builder.graph.push("Identity", [value], {}, [result]);
  return result;
}

function uniqueName(wanted: string, taken: Set<string>): string {
  const base = wanted === "" ? "output" : wanted;
  let name = base;
  for (let i = 1; taken.has(name) || /^v\d+$/.test(name); i++) name = `${base}_${i}`;
  taken.add(name);
  return name;
}
