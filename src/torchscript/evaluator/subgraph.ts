import type { Builder } from "../builder.ts";
import type { Graph } from "../../graph/graph.ts";
import { graphShape } from "../extent.ts";
import { GraphValue, type Scope } from "../tensor-value.ts";

/** Runs `walk` with nodes going to a scope of its own. */
export function inScope<Result>(builder: Builder, scope: Scope, walk: () => Result): Result {
  const { graph } = builder;
  const before = graph.scope;
  graph.scope = scope;
  try {
    return walk();
  } finally {
    graph.scope = before;
  }
}

/** The scope as a graph with these inputs and outputs. Outputs from outside of it get an Identity. */
export function subgraph(
  builder: Builder,
  scope: Scope,
  inputs: readonly GraphValue[],
  outputs: readonly GraphValue[],
): Graph {
  const { graph } = builder;
  const used = new Set<GraphValue>();
  const named = outputs.map((value) => {
    if (value.scope === scope && value.name !== "" && !used.has(value) && !inputs.includes(value)) {
      used.add(value);
      return value;
    }
    return inScope(builder, scope, () => {
      const copy = new GraphValue(value.dtype, value.shape, { name: graph.freshName(), scope });
      graph.push("Identity", [value], {}, [copy]);
      return copy;
    });
  });
  return {
    name: graph.freshName(),
    inputs: inputs.map(infoOf),
    outputs: named.map(infoOf),
    nodes: scope.nodes,
    tensors: [],
  };
}

function infoOf({ name, dtype, shape }: GraphValue) {
  return { name, dtype, shape: graphShape(shape) };
}
