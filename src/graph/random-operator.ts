import type { Graph, GraphNode } from "./graph.ts";

const standardDomains = new Set(["", "ai.onnx", "ai.onnx.ml"]);
const drawing = new Set([
  "Bernoulli",
  "Multinomial",
  "RandomNormal",
  "RandomNormalLike",
  "RandomUniform",
  "RandomUniformLike",
]);

/**
 * Whether a node may give something else for the same inputs. Of the standard's operators only these draw random numbers
 * (onnx/defs/generator; `training_mode` of Dropout in onnx/defs/nn); of other domains' nothing is known.
 */
export function mayDraw({ op, domain, inputs }: Pick<GraphNode, "op" | "domain" | "inputs">): boolean {
  if (!standardDomains.has(domain)) return true;
  return op === "Dropout" ? (inputs[2] ?? "") !== "" : drawing.has(op);
}

/** Whether a graph, or one inside of it, has such a node. */
export function graphMayDraw(graph: Graph): boolean {
  return graph.nodes.some(
    (node) =>
      mayDraw(node) ||
      Object.values(node.attributes).some((attribute) => "graph" in attribute && graphMayDraw(attribute.graph)),
  );
}
