import type { OnnxGraph, OnnxModel, OnnxNode, OnnxSparse } from "./model.ts";
import type { OnnxTensor } from "./tensor.ts";

/** Every graph of a model, subgraphs, functions' subgraphs and training graphs included. */
export function* graphsOf(model: OnnxModel): Generator<OnnxGraph> {
  if (model.graph !== null) yield* graphAndBelow(model.graph);
  for (const graph of model.training) yield* graphAndBelow(graph);
  for (const fn of model.functions) yield* below(fn.nodes);
}

function* graphAndBelow(graph: OnnxGraph): Generator<OnnxGraph> {
  yield graph;
  yield* below(graph.nodes);
}

function* below(nodes: readonly OnnxNode[]): Generator<OnnxGraph> {
  for (const node of nodes) {
    for (const attribute of node.attributes) {
      for (const graph of attribute.graphs) yield* graphAndBelow(graph);
    }
  }
}

/** Every node of a model, wherever it is. */
export function* nodesOf(model: OnnxModel): Generator<OnnxNode> {
  for (const graph of graphsOf(model)) yield* graph.nodes;
  for (const fn of model.functions) yield* fn.nodes;
}

/** Every tensor of a model: initializers, attributes, the parts of sparse ones. */
export function* tensorsOf(model: OnnxModel): Generator<OnnxTensor> {
  for (const graph of graphsOf(model)) {
    yield* graph.initializers;
    yield* partsOf(graph.sparse);
  }
  for (const node of nodesOf(model)) {
    for (const attribute of node.attributes) {
      yield* attribute.tensors;
      yield* partsOf(attribute.sparse);
    }
  }
}

function* partsOf(sparse: readonly OnnxSparse[]): Generator<OnnxTensor> {
  for (const one of sparse) yield* one.tensors;
}
