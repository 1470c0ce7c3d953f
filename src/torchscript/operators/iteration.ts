import type { Builder } from "../builder.ts";
import { inScope, subgraph } from "../evaluator/subgraph.ts";
import { GraphValue, type Scope, type TensorValue } from "../tensor-value.ts";

/** Applies `step` so many times to tensors that keep their shapes, as one ONNX Loop. */
export function iterate(
  builder: Builder,
  rounds: number,
  initial: readonly TensorValue[],
  step: (state: readonly TensorValue[], round: TensorValue) => readonly TensorValue[],
): readonly TensorValue[] {
  const { graph } = builder;
  const scope: Scope = { parent: graph.scope, nodes: [] };
  const fresh = (dtype: GraphValue["dtype"], shape: readonly number[]) =>
    new GraphValue(dtype, shape, { name: graph.freshName(), scope: graph.scope });
  const body = inScope(builder, scope, () => {
    const inputs = [fresh("int64", []), fresh("bool", []), ...initial.map(({ dtype, shape }) => fresh(dtype, shape))];
    const [round, , ...state] = inputs.map((input) => builder.wrap(input));
    const results = step(state, round).map((result) => builder.read(result));
    return subgraph(builder, scope, inputs, [builder.read(builder.full("bool", true)), ...results]);
  });
  const outputs = initial.map(({ dtype, shape }) => fresh(dtype, shape));
  const count = builder.read(builder.full("int64", rounds));
  graph.push("Loop", [count, null, ...initial.map((value) => builder.read(value))], { body: { graph: body } }, outputs);
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
  const { graph } = builder;
  const scope: Scope = { parent: graph.scope, nodes: [] };
  const fresh = (dtype: GraphValue["dtype"], shape: readonly number[]) =>
    new GraphValue(dtype, shape, { name: graph.freshName(), scope: graph.scope });
  let result = rows;
  const body = inScope(builder, scope, () => {
    const inputs = [...initial.map(({ dtype, shape }) => fresh(dtype, shape)), fresh(rows.dtype, rows.shape.slice(1))];
    const values = inputs.map((input) => builder.wrap(input));
    const { state, output } = step(values.slice(0, -1), values[values.length - 1]);
    result = output;
    return subgraph(
      builder,
      scope,
      inputs,
      [...state, output].map((value) => builder.read(value)),
    );
  });
  const outputs = [
    ...initial.map(({ dtype, shape }) => fresh(dtype, shape)),
    fresh(result.dtype, [rows.shape[0], ...result.shape]),
  ];
  const inputs = [...initial, rows].map((value) => builder.read(value));
  graph.push("Scan", inputs, { body: { graph: body }, num_scan_inputs: 1 }, outputs);
  return builder.wrap(outputs[outputs.length - 1]);
}
