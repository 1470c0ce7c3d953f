import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFile } from "../../../src/torchscript/language/parse-file.ts";
import { tokenize } from "../../../src/torchscript/language/lexer.ts";
import { LoweringError } from "../../../src/torchscript/lowering-error.ts";

const method = (body: string) => `class M(Module):\n  def forward(self,\n    x: Tensor) -> Tensor:\n${body}`;
const bodyOf = (body: string) => parseFile(method(body)).classes.get("M")?.methods.get("forward")?.body ?? [];

describe("the serialised language", () => {
  it("reads classes with typed attributes, annotations and constants", () => {
    const source = `class M(Module):
  __parameters__ = ["weight", ]
  __buffers__ = []
  weight : Tensor
  __annotations__["0"] = __torch__.N
  eps : Final[float] = 1.0000000000000001e-05
  def forward(self: __torch__.M,
    x: Tensor) -> Tensor:
    return x
`;
    const found = parseFile(source).classes.get("M");
    expect(found?.parameters).toEqual(["weight"]);
    expect(found?.fields.map(({ name }) => name)).toEqual(["weight", "0", "eps"]);
    expect(found?.fields[2]?.value).toEqual({ kind: "literal", value: 1.0000000000000001e-5 });
  });

  it("turns dotted names of the roots into paths, and constants into numbers", () => {
    const [statement] = bodyOf("    return torch.add(x, CONSTANTS.c12)\n");
    expect(statement).toMatchObject({
      kind: "return",
      value: {
        kind: "call",
        callee: { kind: "path", name: "torch.add" },
        positional: [{ kind: "name" }, { kind: "constant", index: 12 }],
      },
    });
  });

  it("unpacks with a trailing comma, and nests blocks", () => {
    const body = bodyOf(
      "    a, b, = torch.f(x)\n    if a:\n      pass\n    elif b:\n      return a\n    else:\n      pass\n",
    );
    expect(body[0]).toMatchObject({
      kind: "assign",
      targets: [{ kind: "tuple", items: [{ name: "a" }, { name: "b" }] }],
    });
    expect(body[1]).toMatchObject({ kind: "if", whenFalse: [{ kind: "if", whenTrue: [{ kind: "return" }] }] });
  });

  it("reads octal escapes as UTF-8", () => {
    expect(tokenize(String.raw`"\303\251\n"`)[0]?.text).toBe("é\n");
  });

  it("reads inf, negative numbers and ints of any size", () => {
    const [statement] = bodyOf("    return [-inf, -3, 9223372036854775807, 1e-05, 2.]\n");
    expect(statement).toMatchObject({
      value: { items: [-Infinity, -3n, 9223372036854775807n, 1e-5, 2].map((value) => ({ kind: "literal", value })) },
    });
  });

  it.each([
    ["an unterminated string", '    return "abc\n'],
    ["a lone bracket", "    return (x\n"],
    ["a character of no language", "    return x ? y\n"],
    ["a block without statements", "    if x:\n    return x\n"],
  ])("refuses %s with its line", (_, body) => {
    expect(() => parseFile(method(body))).toThrow(/line \d+/);
  });

  it("refuses nesting that would exhaust the stack", () => {
    const deep = `    return ${"(".repeat(100_000)}x\n`;
    expect(() => parseFile(method(deep))).toThrow(LoweringError);
    const blocks = Array.from({ length: 1000 }, (_, i) => `${" ".repeat(4 + i)}if x:\n`).join("");
    expect(() => parseFile(method(blocks))).toThrow(LoweringError);
  });

  it("gives a tree or a LoweringError for any text", () => {
    const piece = fc.constantFrom(
      "def f(x):\n",
      "  ",
      "\n",
      "if x:",
      "else:",
      "(",
      ")",
      "[",
      "x",
      "=",
      "1",
      ".",
      '"a"',
      "class M:",
      ",",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        try {
          parseFile(pieces.join(""));
        } catch (error) {
          if (!(error instanceof LoweringError)) throw error;
        }
      }),
    );
  });
});
