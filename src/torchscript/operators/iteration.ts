import type { Graph } from "../../graph/graph.ts";
import type { Builder } from "../builder.ts";
import { inScope, subgraph } from "../evaluator/subgraph.ts";
import { GraphValue, type Scope, type TensorValue } from "../tensor-value.ts";

type Kind = Pick<GraphValue, "dtype" | "shape">;

/** A graph value of that kind, in the present scope. */
function fresh({ graph }: Builder, { dtype, shape }: Kind): GraphValue {
  return new GraphValue(dtype, shape, { name: graph.freshName(), scope: graph.scope });
}

/** The graph of one step: what `step` makes of inputs of these kinds. */
function bodyOf(
  builder: Builder,
  kinds: readonly Kind[],
  step: (inputs: readonly TensorValue[]) => readonly TensorValue[],
): Graph {
  const scope: Scope = { parent: builder.graph.scope, nodes: [] };
  return inScope(builder, scope, () => {
    const inputs = kinds.map((kind) => fresh(builder, kind));
    const results = step(inputs.map((input) => builder.wrap(input)));
    return subgraph(
      builder,
      scope,
      inputs,
      results.map((result) => builder.read(result)),
    );
  });
}

/** Applies `step` so many times to tensors that keep their shapes, as one ONNX Loop. */
export function iterate(
  builder: Builder,
  rounds: number,
  initial: readonly TensorValue[],
  step: (state: readonly TensorValue[], round: TensorValue) => readonly TensorValue[],
): readonly TensorValue[] {
  const counters: readonly Kind[] = [
    { dtype: "int64", shape: [] },
    { dtype: "bool", shape: [] },
  ];
  const body = bodyOf(builder, [...counters, ...initial], ([round, , ...state]) => {
    const results = step(state, round);
    return [builder.full("bool", true), ...results];
  });
  const outputs = initial.map((value) => fresh(builder, value));
  const count = builder.read(builder.full("int64", rounds));
  const inputs = [count, null, ...initial.map((value) => builder.read(value))];
  builder.graph.push("Loop", inputs, { body: { graph: body } }, outputs);
  return outputs.map((output) => builder.wrap(output));
}

/**
 * Goes over the rows of a tensor (its first dimension) with tensors that keep their shapes, as one ONNX Scan: what each
 * step gives for its row, stacked.
 */
export function scanRows(
  builder: Builder,
  rows: TensorValue,
  initial: readonly TensorValue[],
  step: (state: readonly TensorValue[], row: TensorValue) => { state: readonly TensorValue[]; output: TensorValue },
): TensorValue {
  let result: Kind = rows;
  const row: Kind = { dtype: rows.dtype, shape: rows.shape.slice(1) };
  const body = bodyOf(builder, [...initial, row], (inputs) => {
    const { state, output } = step(inputs.slice(0, -1), inputs[inputs.length - 1]);
    result = output;
    return [...state, output];
  });
  const stacked: Kind = { dtype: result.dtype, shape: [rows.shape[0], ...result.shape] };
  const outputs = [...initial, stacked].map((kind) => fresh(builder, kind));
  const inputs = [...initial, rows].map((value) => builder.read(value));
  builder.graph.push("Scan", inputs, { body: { graph: body }, num_scan_inputs: 1 }, outputs);
  return builder.wrap(outputs[outputs.length - 1]);
}
