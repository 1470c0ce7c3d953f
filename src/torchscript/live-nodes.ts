import type { Attribute, Graph, GraphNode } from "../graph/graph.ts";

/** The nodes that the given values need, in order; the same inside of the graphs that they carry. */
export function liveNodes(nodes: readonly GraphNode[], outputs: readonly string[]): GraphNode[] {
  const needed = new Set(outputs);
  const live: GraphNode[] = [];
  for (let at = nodes.length - 1; at >= 0; at--) {
    if (!nodes[at].outputs.some((name) => needed.has(name))) continue;
    const node = pruned(nodes[at]);
    live.push(node);
    for (const name of namesIn(node)) needed.add(name);
  }
  return live.toReversed();
}

/** All names that nodes read, also inside of the graphs that they carry. */
export function usedNames(nodes: readonly GraphNode[]): Set<string> {
  const names = new Set<string>();
  for (const node of nodes) for (const name of namesIn(node)) names.add(name);
  return names;
}

function pruned(node: GraphNode): GraphNode {
  if (!Object.values(node.attributes).some((attribute) => "graph" in attribute)) return node;
  const attributes: Record<string, Attribute> = {};
  for (const [name, attribute] of Object.entries(node.attributes)) {
    attributes[name] = "graph" in attribute ? { graph: prunedGraph(attribute.graph) } : attribute;
  }
  return { ...node, attributes };
}

function prunedGraph(graph: Graph): Graph {
  return {
    ...graph,
    nodes: liveNodes(
      graph.nodes,
      graph.outputs.map(({ name }) => name),
    ),
  };
}

function* namesIn(node: GraphNode): Generator<string> {
  for (const name of node.inputs) if (name !== "") yield name;
  for (const attribute of Object.values(node.attributes)) {
    if (!("graph" in attribute)) continue;
    for (const inner of attribute.graph.nodes) yield* namesIn(inner);
    for (const { name } of attribute.graph.outputs) yield name;
  }
}
