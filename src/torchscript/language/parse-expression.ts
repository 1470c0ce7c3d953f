import type { Expression } from "./syntax.ts";
import type { TokenStream } from "./token-stream.ts";

/** Binary operators, loosest first. */
const levels = ["or", "and", "< > <= >= == != in not is", "|", "^", "&", "<< >>", "+ -", "* / // % @"];
const levelOf = new Map(levels.flatMap((operators, level) => operators.split(" ").map((one) => [one, level] as const)));
const comparing = levelOf.get("not") ?? 0;

const roots = new Set(["torch", "ops", "__torch__"]);

/** An expression, or several with commas between them as a tuple. */
export function parseExpressions(tokens: TokenStream): Expression {
  const first = parseExpression(tokens);
  if (!tokens.is(",")) return first;
  const items = [first];
  while (tokens.accept(",")) {
    if (endsList(tokens)) break;
    items.push(parseExpression(tokens));
  }
  return { kind: "tuple", items };
}

function endsList(tokens: TokenStream): boolean {
  return tokens.token.kind === "newline" || tokens.is("=") || tokens.is(")") || tokens.is("]");
}

export function parseExpression(tokens: TokenStream): Expression {
  return tokens.nested(() => {
    const whenTrue = parseBinary(tokens, 0);
    if (!tokens.accept("if")) return whenTrue;
    const test = parseBinary(tokens, 0);
    tokens.expect("else");
    return { kind: "conditional", test, whenTrue, whenFalse: parseExpression(tokens) };
  });
}

/** What binds at least as tight as `loosest`. */
function parseBinary(tokens: TokenStream, loosest: number): Expression {
  let left = loosest <= comparing && tokens.is("not") ? parseNot(tokens) : parseUnary(tokens);
  for (;;) {
    const { kind, text } = tokens.token;
    const level = kind === "symbol" || kind === "name" ? levelOf.get(text) : undefined;
    if (level === undefined || level < loosest) return left;
    const operator = binaryOperator(tokens);
    left = { kind: "binary", operator, left, right: parseBinary(tokens, level + 1) };
  }
}

function parseNot(tokens: TokenStream): Expression {
  tokens.next();
  return { kind: "unary", operator: "not", of: tokens.nested(() => parseBinary(tokens, comparing)) };
}

function binaryOperator(tokens: TokenStream): string {
  const { text } = tokens.next();
  if (text === "not") {
    tokens.expect("in");
    return "not in";
  }
  return text === "is" && tokens.accept("not") ? "is not" : text;
}

function parseUnary(tokens: TokenStream): Expression {
  const { kind, text: operator } = tokens.token;
  if (kind === "symbol" && (operator === "-" || operator === "~" || operator === "+")) {
    tokens.next();
    const of = tokens.nested(() => parseUnary(tokens));
    if (of.kind === "literal" && operator === "-") {
      if (typeof of.value === "bigint" || typeof of.value === "number") return { kind: "literal", value: -of.value };
    }
    return { kind: "unary", operator, of };
  }
  const base = parsePostfix(tokens);
  if (!tokens.accept("**")) return base;
  return { kind: "binary", operator: "**", left: base, right: tokens.nested(() => parseUnary(tokens)) };
}

function parsePostfix(tokens: TokenStream): Expression {
  let of = parseAtom(tokens);
  for (;;) {
    if (tokens.accept(".")) of = member(of, tokens.expectKind("name").text);
    else if (tokens.is("(")) of = parseCall(tokens, of);
    else if (tokens.accept("[")) {
      const index = parseIndex(tokens);
      tokens.expect("]");
      of = { kind: "subscript", of, index };
    } else return of;
  }
}

function member(of: Expression, name: string): Expression {
  if (of.kind === "path") return { kind: "path", name: `${of.name}.${name}` };
  if (of.kind === "name" && of.name === "CONSTANTS" && /^c\d{1,9}$/.test(name)) {
    return { kind: "constant", index: Number(name.slice(1)) };
  }
  return { kind: "attribute", of, name };
}

function parseCall(tokens: TokenStream, callee: Expression): Expression {
  tokens.expect("(");
  const positional: Expression[] = [];
  const keyword: [string, Expression][] = [];
  while (!tokens.accept(")")) {
    if (tokens.token.kind === "name" && tokens.peek(1).text === "=" && tokens.peek(1).kind === "symbol") {
      const name = tokens.next().text;
      tokens.next();
      keyword.push([name, parseExpression(tokens)]);
    } else {
      tokens.accept("*");
      positional.push(parseExpression(tokens));
    }
    if (!tokens.is(")")) tokens.expect(",");
  }
  return { kind: "call", callee, positional, keyword };
}

function parseIndex(tokens: TokenStream): Expression {
  const items = [parseSlice(tokens)];
  let many = false;
  while (tokens.accept(",")) {
    many = true;
    if (tokens.is("]")) break;
    items.push(parseSlice(tokens));
  }
  return many ? { kind: "tuple", items } : items[0];
}

function parseSlice(tokens: TokenStream): Expression {
  const part = () => (tokens.is(":") || tokens.is("]") || tokens.is(",") ? null : parseExpression(tokens));
  const start = part();
  if (!tokens.accept(":")) {
    if (start === null) throw tokens.wrong("an index");
    return start;
  }
  const end = part();
  const step = tokens.accept(":") ? part() : null;
  return { kind: "slice", start, end, step };
}

const words = new Map<string, Expression>([
  ["None", { kind: "literal", value: null }],
  ["True", { kind: "literal", value: true }],
  ["False", { kind: "literal", value: false }],
  ["inf", { kind: "literal", value: Infinity }],
  ["nan", { kind: "literal", value: NaN }],
]);

function parseAtom(tokens: TokenStream): Expression {
  const { kind, text } = tokens.token;
  if (kind === "name") {
    tokens.next();
    return words.get(text) ?? (roots.has(text) ? { kind: "path", name: text } : { kind: "name", name: text });
  }
  if (kind === "int") return { kind: "literal", value: BigInt(tokens.next().text) };
  if (kind === "float") return { kind: "literal", value: Number(tokens.next().text) };
  if (kind === "imaginary") return { kind: "imaginary", value: Number(tokens.next().text.slice(0, -1)) };
  if (kind === "string") {
    let value = tokens.next().text;
    while (tokens.token.kind === "string") value += tokens.next().text;
    return { kind: "literal", value };
  }
  if (tokens.accept("(")) return parseParenthesis(tokens);
  if (tokens.accept("[")) return { kind: "list", items: parseItems(tokens, "]") };
  if (tokens.accept("{")) return parseDict(tokens);
  throw tokens.wrong("an expression");
}

function parseParenthesis(tokens: TokenStream): Expression {
  if (tokens.accept(")")) return { kind: "tuple", items: [] };
  const first = parseExpression(tokens);
  if (tokens.accept(")")) return first;
  tokens.expect(",");
  return { kind: "tuple", items: [first, ...parseItems(tokens, ")")] };
}

function parseItems(tokens: TokenStream, close: string): Expression[] {
  const items: Expression[] = [];
  while (!tokens.accept(close)) {
    items.push(parseExpression(tokens));
    if (!tokens.is(close)) tokens.expect(",");
  }
  return items;
}

function parseDict(tokens: TokenStream): Expression {
  const entries: [Expression, Expression][] = [];
  while (!tokens.accept("}")) {
    const key = parseExpression(tokens);
    tokens.expect(":");
    entries.push([key, parseExpression(tokens)]);
    if (!tokens.is("}")) tokens.expect(",");
  }
  return { kind: "dict", entries };
}
