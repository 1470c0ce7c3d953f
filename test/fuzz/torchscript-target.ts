import { parseFile } from "../../src/torchscript/language/parse-file.ts";
import { LoweringError } from "../../src/torchscript/lowering-error.ts";
import { mutateBytes } from "./mutate.ts";
import type { Random } from "./random.ts";
import type { Result, Target } from "./target.ts";

const leaves = [
  "x",
  "self.weight",
  "1",
  "-2",
  "1.5e-3",
  "None",
  "True",
  '"text"',
  'getattr(self, "0")',
  "CONSTANTS.c0",
  "[]",
  "{}",
];
const deepest = 5000;

function anyExpression(random: Random, depth: number): string {
  if (random.chance(0.001)) return "(".repeat(deepest) + "x" + ")".repeat(deepest);
  if (depth > 4 || random.chance(0.3)) return random.pick(leaves);
  const inner = () => anyExpression(random, depth + 1);
  return random.pick([
    () => `torch.${random.pick(["add", "conv2d", "cat"])}(${inner()}, ${inner()}, alpha=${inner()})`,
    () => `(${inner()} ${random.pick(["+", "*", "//", "<", "and", "is not", "in"])} ${inner()})`,
    () => `[${inner()}, ${inner()}]`,
    () => `{${inner()}: ${inner()}}`,
    () => `${inner()}[${inner()}:${inner()}]`,
    () => `annotate(Optional[List[int]], ${inner()})`,
    () => `${inner()} if ${inner()} else ${inner()}`,
    () => `ops.prim.NumToTensor(${inner()})`,
  ])();
}

function anyBlock(random: Random, indent: string, depth: number): string {
  const lines = Array.from({ length: 1 + random.below(4) }, () => {
    const value = anyExpression(random, 0);
    if (depth < 3 && random.chance(0.2)) {
      const body = anyBlock(random, `${indent}  `, depth + 1);
      return random.pick([`if ${value}:\n${body}`, `while ${value}:\n${body}`, `for _i in range(${value}):\n${body}`]);
    }
    return random.pick([
      `y = ${value}`,
      `a, b, = ${value}`,
      `_0 = ${value}`,
      `return ${value}`,
      `assert ${value}`,
      "pass",
    ]);
  });
  return lines.map((line) => `${indent}${line}`).join("\n");
}

/** The parser gives a file or says what is wrong, whatever the text; it never runs out of stack. */
async function run(input: Uint8Array): Promise<Result> {
  try {
    const file = parseFile(Buffer.from(input).toString());
    return { past: file.classes.size > 0 };
  } catch (error) {
    if (error instanceof LoweringError) return { past: /line [2-9]|line \d\d/.test(error.message) };
    throw error;
  }
}

export const torchscriptTarget: Target = {
  name: "torchscript",
  covers: [
    "torchscript/language/lexer.ts",
    "torchscript/language/parse-expression.ts",
    "torchscript/language/parse-statement.ts",
    "torchscript/language/token-stream.ts",
  ],
  // Trusts that nobody nests deeper than the stack.
  planted: {
    file: "torchscript/language/token-stream.ts",
    find: "if (++this.#depth > deepestNesting) throw",
    replace: "if (++this.#depth < 0) throw",
  },
  generate(random) {
    const head =
      "class M(Module):\n  __parameters__ = []\n  training : bool\n  def forward(self: __torch__.M,\n    x: Tensor) -> Tensor:\n";
    const text = Buffer.from(`${head}${anyBlock(random, "    ", 0)}\n`);
    return random.chance(0.5) ? mutateBytes(text, random) : text;
  },
  run,
};
