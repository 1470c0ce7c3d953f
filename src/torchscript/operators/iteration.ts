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
