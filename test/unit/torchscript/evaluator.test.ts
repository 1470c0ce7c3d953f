import { describe, expect, it } from "vitest";
import { Builder } from "../../../src/torchscript/builder.ts";
import { callMethod } from "../../../src/torchscript/evaluator/calls.ts";
import { createContext } from "../../../src/torchscript/evaluator/evaluator.ts";
import { Program } from "../../../src/torchscript/evaluator/program.ts";
import { GraphValue, TensorValue } from "../../../src/torchscript/tensor-value.ts";
import { ObjectValue, type Value } from "../../../src/torchscript/value.ts";

/** Runs a body as the `forward` of a module; gives the result, the builder and what was missing. */
function run(body: string, args: (builder: Builder) => Value[] = () => []) {
  const builder = new Builder();
  const values = args(builder);
  const names = values.map((_, i) => `, x${i}: Tensor`).join("");
  const lines = body
    .trim()
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
  const source = `class M(Module):\n  def forward(self${names}) -> Tensor:\n${lines}\n`;
  const context = createContext(new Program(new Map([["code/__torch__.py", source]])), builder, []);
  const result = callMethod(context, new ObjectValue("__torch__.M"), "forward", values);
  return { result, builder, missing: context.missing };
}

const input = (builder: Builder, shape: readonly number[]): TensorValue =>
  builder.wrap(new GraphValue("float32", shape, { name: "x" }));
const ops = (builder: Builder) => builder.graph.root.nodes.map(({ op }) => op);

describe("Python values", () => {
  it.each<[string, Value]>([
    ["return torch.floordiv(-7, 2)", -4n],
    ["return torch.remainder(-7, 2)", 1n],
    ["return torch.div(7, 2)", 3.5],
    ["return torch.floor(-2.5)", -3n],
    ["return torch.round(2.5)", 2],
    ['return torch.format("{}x{}", 3, 1.)', "3x1.0"],
    ['return torch.join("-", ["a", "b"])', "a-b"],
    ["return ops.prim.min([3, 1, 2])", 1n],
    ["return torch.__contains__([1, 2], 2)", true],
    ["return (1, 2)[-1]", 2n],
    ["return isinstance(annotate(Optional[int], None), NoneType)", true],
  ])("%s", (body, expected) => {
    expect(run(body).result).toEqual(expected);
  });

  it("turns sizes into tensors and back without a node", () => {
    const { result, builder } = run(
      "return int(torch.floor_divide(ops.prim.NumToTensor(torch.size(x0, 1)), ops.prim.NumToTensor(2)))",
      (b) => [input(b, [3, 9])],
    );
    expect(result).toBe(4n);
    expect(ops(builder)).toEqual([]);
  });
});

describe("bounds", () => {
  it.each([
    ["an endless loop", "while True:\n  pass\nreturn 1"],
    ["a list without end", "l = [1]\nfor i in range(100):\n  l = torch.add(l, l)\nreturn l"],
    ["a tensor beyond memory", "return torch.zeros([1000000, 1000000, 1000000])"],
    ["calls without end", "return (self).forward()"],
  ])("%s is an error, not a hang", (_, body) => {
    expect(() => run(body)).toThrow(expect.objectContaining({ name: "LoweringError" }));
  });
});

describe("what is missing", () => {
  it("is counted, and the walk goes on", () => {
    const { missing } = run(
      "a = torch.no_such_operator(x0)\nb = torch.relu(a)\nc = torch.another_missing(b, a)\nreturn torch.no_such_operator(c)",
      (b) => [input(b, [2])],
    );
    expect([...missing]).toEqual([
      ["aten::no_such_operator", 2],
      ["aten::another_missing", 1],
    ]);
  });
});

describe("branches on tensor values", () => {
  it("become an If, and name arms that do not go together", () => {
    const cond = "if bool(torch.gt(torch.sum(x0), 0)):";
    const { builder } = run(`${cond}\n  y = torch.relu(x0)\nelse:\n  y = torch.neg(x0)\nreturn y`, (b) => [
      input(b, [2]),
    ]);
    expect(ops(builder)).toContain("If");
    expect(() =>
      run(`${cond}\n  y = torch.relu(x0)\nelse:\n  y = torch.sum(x0)\nreturn y`, (b) => [input(b, [2])]),
    ).toThrow(/float32\[2\] and float32\[\]/);
  });

  it("take an arm that raises as never reached", () => {
    const { builder } = run(
      'if bool(torch.gt(torch.sum(x0), 0)):\n  ops.prim.RaiseException("no")\nelse:\n  pass\nreturn torch.relu(x0)',
      (b) => [input(b, [2])],
    );
    expect(ops(builder)).not.toContain("If");
  });
});

describe("views and writes", () => {
  it("a write to a view of a view reaches the base and its other views", () => {
    const { result, builder } = run(
      "x = torch.zeros([2, 3])\nrow = torch.select(x, 0, 1)\nitem = torch.select(row, 0, 2)\nother = torch.t(x)\n_0 = torch.fill_(item, 5.)\nreturn other",
    );
    expect(result instanceof TensorValue && builder.known(result)).toEqual([0, 0, 0, 0, 0, 5]);
  });

  it("a copy does not follow", () => {
    const { result, builder } = run("x = torch.zeros([2])\ny = torch.clone(x)\n_0 = torch.add_(x, 1)\nreturn y");
    expect(result instanceof TensorValue && builder.known(result)).toEqual([0, 0]);
  });
});
