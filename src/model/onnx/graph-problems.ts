import type { OnnxFunction, OnnxGraph, OnnxModel, OnnxNode } from "./model.ts";
import { readValueInfo } from "./value-info.ts";

/**
 * What keeps a graph from being one: values that nobody makes, made twice, made from themselves; functions that call
 * themselves. Order does not matter to engines, so nodes may come in any.
 */
export function* graphProblems(model: OnnxModel): Generator<string> {
  if (model.graph === null) {
    yield "the file has no graph";
    return;
  }
  yield* problemsOf(model.graph, new Set(), "");
  for (const fn of model.functions) {
    const where = `function ${fn.name}: `;
    yield* scopeProblems({ made: new Set(fn.inputs), nodes: fn.nodes, outputs: fn.outputs }, new Set(), where);
  }
  yield* recursiveFunctions(model.functions);
}

interface Scope {
  /** Names that are there before any node runs. */
  readonly made: Set<string>;
  readonly nodes: readonly OnnxNode[];
  readonly outputs: readonly string[];
}

function* problemsOf(graph: OnnxGraph, outer: ReadonlySet<string>, where: string): Generator<string> {
  const inputs = graph.inputs.map((field) => readValueInfo(field).name);
  const repeated = firstRepeated(inputs);
  if (repeated !== null) yield `${where}two inputs are called ${repeated}`;
  const initializers = graph.initializers.map((tensor) => tensor.name);
  const twice = firstRepeated(initializers);
  if (twice !== null) yield `${where}two initializers are called ${twice}`;
  const sparse = graph.sparse.map((one) => one.tensors[0]?.name ?? "");
  const made = new Set([...inputs, ...initializers, ...sparse]);
  const outputs = graph.outputs.map((field) => readValueInfo(field).name);
  yield* scopeProblems({ made, nodes: graph.nodes, outputs }, outer, where);
}

function firstRepeated(names: readonly string[]): string | null {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return null;
}

function* scopeProblems(scope: Scope, outer: ReadonlySet<string>, where: string): Generator<string> {
  const producer = new Map<string, number>();
  for (const [index, node] of scope.nodes.entries()) {
    for (const name of node.outputs) {
      if (name === "") continue;
      if (producer.has(name) || scope.made.has(name)) yield `${where}value ${name} is made more than once`;
      producer.set(name, index);
    }
  }
  const visible = new Set([...outer, ...scope.made, ...producer.keys()]);
  for (const node of scope.nodes) {
    for (const name of node.inputs) {
      if (name !== "" && !visible.has(name)) yield `${where}${titleOf(node)} takes ${name}, which nothing makes`;
    }
    for (const graph of subgraphs(node)) yield* problemsOf(graph, visible, `${where}${titleOf(node)}: `);
  }
  for (const name of scope.outputs) {
    if (name !== "" && !visible.has(name)) yield `${where}output ${name} is made by nothing`;
  }
  const circular = firstCircular(scope.nodes, producer);
  if (circular !== null) yield `${where}${titleOf(circular)} depends on its own result`;
}

function titleOf(node: OnnxNode): string {
  return node.name === "" ? `node ${node.op}` : `node ${node.op} (${node.name})`;
}

function* subgraphs(node: OnnxNode): Generator<OnnxGraph> {
  for (const attribute of node.attributes) yield* attribute.graphs;
}

/** A node on a cycle, or null: nodes are taken away as soon as all they need is there; what stays is circular. */
function firstCircular(nodes: readonly OnnxNode[], producer: ReadonlyMap<string, number>): OnnxNode | null {
  const users = new Map<number, number[]>();
  const waiting = nodes.map((node, index) => {
    const needs = new Set([...namesUsed(node)].map((name) => producer.get(name)).filter((at) => at !== undefined));
    for (const need of needs) {
      const known = users.get(need);
      if (known === undefined) users.set(need, [index]);
      else known.push(index);
    }
    return needs.size;
  });
  const ready = [...waiting.keys()].filter((index) => waiting[index] === 0);
  let left = nodes.length;
  for (let index = ready.pop(); index !== undefined; index = ready.pop()) {
    left -= 1;
    for (const user of users.get(index) ?? []) {
      const rest = (waiting[user] ?? 0) - 1;
      waiting[user] = rest;
      if (rest === 0) ready.push(user);
    }
  }
  if (left === 0) return null;
  return nodes.find((_node, index) => (waiting[index] ?? 0) > 0) ?? null;
}

/** Inputs of a node, and the names that its subgraphs take from outside. */
function* namesUsed(node: OnnxNode): Generator<string> {
  yield* node.inputs;
  for (const graph of subgraphs(node)) {
    const own = new Set(graph.nodes.flatMap((inner) => inner.outputs));
    for (const inner of graph.nodes) {
      for (const name of namesUsed(inner)) if (!own.has(name)) yield name;
    }
  }
}

const keyOf = (node: { domain: string; overload: string }, name: string): string =>
  [node.domain, name, node.overload].join("\u0000");

/** Functions are expanded where they are called, so none may reach itself. */
function* recursiveFunctions(functions: readonly OnnxFunction[]): Generator<string> {
  const byKey = new Map(functions.map((fn) => [keyOf(fn, fn.name), fn]));
  const state = new Map<OnnxFunction, "open" | "done">();
  const callees = (fn: OnnxFunction): OnnxFunction[] =>
    [...allNodes(fn.nodes)].map((node) => byKey.get(keyOf(node, node.op))).filter((one) => one !== undefined);
  for (const start of functions) {
    const path: { fn: OnnxFunction; rest: OnnxFunction[] }[] = [];
    if (!state.has(start)) path.push({ fn: start, rest: callees(start) });
    state.set(start, state.get(start) ?? "open");
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.rest.pop();
      if (next === undefined) {
        state.set(top.fn, "done");
        path.pop();
      } else if (state.get(next) === "open") {
        yield `function ${next.name} calls itself`;
        return;
      } else if (!state.has(next)) {
        state.set(next, "open");
        path.push({ fn: next, rest: callees(next) });
      }
    }
  }
}

function* allNodes(nodes: readonly OnnxNode[]): Generator<OnnxNode> {
  for (const node of nodes) {
    yield node;
    for (const graph of subgraphs(node)) yield* allNodes(graph.nodes);
  }
}
