import { expect, test } from "vitest";
import type { GraphNode } from "../../../src/graph/graph.ts";
import { graphMayDraw, mayDraw } from "../../../src/graph/random-operator.ts";

const node = (op: string, domain = "", inputs: string[] = ["x"]): GraphNode => ({
  op,
  domain,
  inputs,
  outputs: ["y"],
  attributes: {},
});

test.each([
  [node("Conv"), false],
  [node("RandomNormal", "", []), true],
  [node("Bernoulli"), true],
  [node("Dropout"), false],
  [node("Dropout", "", ["x", "ratio"]), false],
  [node("Dropout", "", ["x", "", "training"]), true],
  [node("LabelEncoder", "ai.onnx.ml"), false],
  [node("Conv", "example.org"), true],
])("%j may draw: %s", (one, expected) => {
  expect(mayDraw(one)).toBe(expected);
});

test("a random operator inside of a loop counts", () => {
  const graph = (nodes: GraphNode[]) => ({ name: "g", inputs: [], outputs: [], tensors: [], nodes });
  const loop = (body: GraphNode): GraphNode => ({ ...node("Loop"), attributes: { body: { graph: graph([body]) } } });
  expect(graphMayDraw(graph([loop(node("Add"))]))).toBe(false);
  expect(graphMayDraw(graph([loop(loop(node("Multinomial")))]))).toBe(true);
});
