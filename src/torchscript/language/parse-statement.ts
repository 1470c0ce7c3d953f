import { parseExpression, parseExpressions } from "./parse-expression.ts";
import type { Expression, Statement } from "./syntax.ts";
import type { TokenStream } from "./token-stream.ts";

/** A block after its colon: indented lines, or statements on the same line. */
export function parseBlock(tokens: TokenStream): readonly Statement[] {
  return tokens.nested(() => {
    const body: Statement[] = [];
    if (!tokens.acceptKind("newline")) {
      body.push(parseStatement(tokens));
      return body;
    }
    tokens.expectKind("indent");
    while (!tokens.acceptKind("dedent")) {
      if (!tokens.acceptKind("newline")) body.push(parseStatement(tokens));
    }
    return body;
  });
}

type Parser = (tokens: TokenStream, line: number) => Statement;

const keywords: Readonly<Record<string, Parser>> = {
  if: parseIf,
  while(tokens, line) {
    const test = parseExpression(tokens);
    tokens.expect(":");
    return { kind: "while", line, test, body: parseBlock(tokens) };
  },
  for(tokens, line) {
    const target = parseTargets(tokens);
    tokens.expect("in");
    const iterable = parseExpressions(tokens);
    tokens.expect(":");
    return { kind: "for", line, target, iterable, body: parseBlock(tokens) };
  },
  with(tokens, line) {
    const value = parseExpression(tokens);
    const target = tokens.accept("as") ? tokens.expectKind("name").text : null;
    tokens.expect(":");
    return { kind: "with", line, value, target, body: parseBlock(tokens) };
  },
  return: (tokens, line) => ({ kind: "return", line, value: ends(tokens) ? null : parseExpressions(tokens) }),
  raise: (tokens, line) => ({ kind: "raise", line, value: ends(tokens) ? null : parseExpression(tokens) }),
  assert(tokens, line) {
    const test = parseExpression(tokens);
    return { kind: "assert", line, test, message: tokens.accept(",") ? parseExpression(tokens) : null };
  },
  def(tokens, line) {
    const name = tokens.expectKind("name").text;
    tokens.expect("(");
    tokens.expect(")");
    if (tokens.accept("->")) parseExpression(tokens);
    tokens.expect(":");
    return { kind: "define", line, name, body: parseBlock(tokens) };
  },
  pass: (_tokens, line) => ({ kind: "pass", line }),
  break: (_tokens, line) => ({ kind: "break", line }),
  continue: (_tokens, line) => ({ kind: "continue", line }),
};

function parseStatement(tokens: TokenStream): Statement {
  const { kind, text, line } = tokens.token;
  const keyword = kind === "name" && Object.hasOwn(keywords, text) ? keywords[text] : undefined;
  if (keyword === undefined) return parseSimple(tokens, line);
  tokens.next();
  return keyword(tokens, line);
}

function ends(tokens: TokenStream): boolean {
  return tokens.token.kind === "newline" || tokens.token.kind === "end";
}

function parseIf(tokens: TokenStream, line: number): Statement {
  const test = parseExpression(tokens);
  tokens.expect(":");
  const whenTrue = parseBlock(tokens);
  while (tokens.token.kind === "newline") tokens.next();
  let whenFalse: readonly Statement[] = [];
  const next = tokens.token.line;
  if (tokens.accept("elif")) whenFalse = [tokens.nested(() => parseIf(tokens, next))];
  else if (tokens.accept("else")) {
    tokens.expect(":");
    whenFalse = parseBlock(tokens);
  }
  return { kind: "if", line, test, whenTrue, whenFalse };
}

/** Names before `in`: the grammar of expressions would take the `in` itself. */
function parseTargets(tokens: TokenStream): Expression {
  const items: Expression[] = [];
  const bracketed = tokens.accept("(");
  do {
    if (tokens.is("in") || tokens.is(")")) break;
    items.push({ kind: "name", name: tokens.expectKind("name").text });
  } while (tokens.accept(","));
  if (bracketed) tokens.expect(")");
  return items.length === 1 ? items[0] : { kind: "tuple", items };
}

const augmented = /^([-+*/%&|^]|\*\*|\/\/|<<|>>)=$/;

function parseSimple(tokens: TokenStream, line: number): Statement {
  const first = parseExpressions(tokens);
  const found = augmented.exec(tokens.token.text);
  if (found !== null) {
    tokens.next();
    return { kind: "augment", line, operator: found[1], target: first, value: parseExpressions(tokens) };
  }
  if (tokens.accept(":")) {
    parseExpression(tokens);
    if (!tokens.is("=")) return { kind: "pass", line };
  }
  const targets: Expression[] = [];
  let value = first;
  while (tokens.accept("=")) {
    targets.push(value);
    value = parseExpressions(tokens);
  }
  tokens.accept(";");
  return targets.length === 0 ? { kind: "expression", line, value } : { kind: "assign", line, targets, value };
}
