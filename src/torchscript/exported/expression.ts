import { invalid } from "../lowering-error.ts";

/** A size expression: a number, a symbol, or an operation on expressions. */
export type Expression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] };

const deepest = 200;
const token =
  /\s*(?:(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)|([A-Za-z_][\w.]*)|'([^']*)'|(\*\*|\/\/|<=|>=|==|!=|[-+*/%(),<>=&|~]))/y;

interface Token {
  readonly kind: "number" | "name" | "string" | "operator" | "end";
  readonly text: string;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  token.lastIndex = 0;
  const end = text.trimEnd().length;
  while (token.lastIndex < end) {
    const at = token.lastIndex;
    const found = token.exec(text);
    if (found === null) throw invalid(`size expression ${text.slice(0, 80)} at ${at}`);
    const [, number, name, string, operator] = found;
    if (number !== undefined) tokens.push({ kind: "number", text: number });
    else if (name !== undefined) tokens.push({ kind: "name", text: name });
    else if (string !== undefined) tokens.push({ kind: "string", text: string });
    else tokens.push({ kind: "operator", text: operator ?? "" });
  }
  return tokens;
}

/** Binding powers of infix operators, as in Python; comparisons are between arithmetic and bit operators. */
const powers: Readonly<Record<string, number>> = {
  "|": 1,
  "&": 2,
  "==": 3,
  "!=": 3,
  "<": 3,
  "<=": 3,
  ">": 3,
  ">=": 3,
  "+": 5,
  "-": 5,
  "*": 6,
  "/": 6,
  "//": 6,
  "%": 6,
  "**": 8,
};

/**
 * Reads what SymPy prints of a size: `8*s39`, or `Mul(Integer(8), Symbol('s39', positive=True, integer=True))`.
 * Throws LoweringError (`invalid`).
 */
export function parseExpression(text: string): Expression {
  const parser = new ExpressionParser(tokensOf(text));
  return parser.whole();
}

class ExpressionParser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Expression {
    const expression = this.#infix(0);
    if (this.#peek().kind !== "end") throw invalid(`size expression with ${this.#peek().text} left over`);
    return expression;
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: "end", text: "" };
  }

  #take(text: string): boolean {
    if (this.#peek().kind !== "operator" || this.#peek().text !== text) return false;
    this.#at++;
    return true;
  }

  #infix(least: number): Expression {
    if (++this.#depth > deepest) throw invalid("size expression nested too deeply");
    let left = this.#prefix();
    for (;;) {
      const { kind, text } = this.#peek();
      const power = kind === "operator" && Object.hasOwn(powers, text) ? (powers[text] ?? 0) : 0;
      if (power === 0 || power <= least) break;
      this.#at++;
      // `**` binds to the right.
      const right = this.#infix(text === "**" ? power - 1 : power);
      left = { kind: "call", name: text, args: [left, right] };
    }
    this.#depth--;
    return left;
  }

  #prefix(): Expression {
    if (this.#take("-")) return { kind: "call", name: "neg", args: [this.#infix(7)] };
    if (this.#take("+")) return this.#infix(7);
    if (this.#take("~")) return { kind: "call", name: "Not", args: [this.#infix(7)] };
    if (this.#take("(")) {
      const inner = this.#infix(0);
      if (!this.#take(")")) throw invalid("size expression without )");
      return inner;
    }
    const { kind, text } = this.#peek();
    this.#at++;
    if (kind === "number") return { kind: "number", value: Number(text) };
    if (kind !== "name") throw invalid(`size expression with ${text || "nothing"} where a value should be`);
    return this.#take("(") ? this.#call(text) : nameOf(text);
  }

  #call(name: string): Expression {
    if (name === "Symbol" || name === "Dummy") return this.#symbol();
    const args: Expression[] = [];
    while (!this.#take(")")) {
      args.push(this.#infix(0));
      if (!this.#take(",") && this.#peek().text !== ")") throw invalid("size expression without )");
    }
    return { kind: "call", name: name.split(".").at(-1) ?? name, args };
  }

  /** `'s0', positive=True, integer=True)` */
  #symbol(): Expression {
    const { kind, text } = this.#peek();
    if (kind !== "string") throw invalid("a symbol without a name in a size expression");
    while (this.#peek().kind !== "end" && !this.#take(")")) this.#at++;
    return { kind: "symbol", name: text };
  }
}

function nameOf(text: string): Expression {
  if (text === "True" || text === "true") return { kind: "number", value: 1 };
  if (text === "False" || text === "false") return { kind: "number", value: 0 };
  if (text === "oo" || text === "int_oo") return { kind: "number", value: Infinity };
  return { kind: "symbol", name: text };
}
