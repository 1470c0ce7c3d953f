import { tokenize } from "./lexer.ts";
import { parseExpression, parseExpressions } from "./parse-expression.ts";
import { parseBlock } from "./parse-statement.ts";
import type { ClassDefinition, Expression, FunctionDefinition, Parameter, SourceFile } from "./syntax.ts";
import { TokenStream } from "./token-stream.ts";

/** Reads one file of `code/`. Throws LoweringError (`invalid`, with the line) for text that is not of this language. */
export function parseFile(source: string): SourceFile {
  const tokens = new TokenStream(tokenize(source));
  const classes = new Map<string, ClassDefinition>();
  const functions = new Map<string, FunctionDefinition>();
  while (tokens.token.kind !== "end") {
    if (tokens.acceptKind("newline")) continue;
    if (tokens.is("class")) {
      const definition = parseClass(tokens);
      classes.set(definition.name, definition);
    } else if (tokens.is("def")) {
      const definition = parseFunction(tokens);
      functions.set(definition.name, definition);
    } else skipLine(tokens); // `import …`, `op_version_set = …` of old files
  }
  return { classes, functions };
}

function skipLine(tokens: TokenStream): void {
  while (tokens.token.kind !== "newline" && tokens.token.kind !== "end") tokens.next();
}

function parseFunction(tokens: TokenStream): FunctionDefinition {
  const { line } = tokens.expect("def");
  const name = tokens.expectKind("name").text;
  tokens.expect("(");
  const parameters: Parameter[] = [];
  while (!tokens.accept(")")) {
    if (!tokens.accept("*")) parameters.push(parseParameter(tokens));
    if (!tokens.is(")")) tokens.expect(",");
  }
  const returns = tokens.accept("->") ? parseExpression(tokens) : null;
  tokens.expect(":");
  return { name, parameters, returns, body: parseBlock(tokens), line };
}

function parseParameter(tokens: TokenStream): Parameter {
  const name = tokens.expectKind("name").text;
  const type = tokens.accept(":") ? parseExpression(tokens) : null;
  const fallback = tokens.accept("=") ? parseExpression(tokens) : null;
  return { name, type, fallback };
}

interface Field {
  readonly name: string;
  readonly type: Expression | null;
  readonly value: Expression | null;
}

function parseClass(tokens: TokenStream): ClassDefinition {
  tokens.expect("class");
  const name = tokens.expectKind("name").text;
  const base = tokens.accept("(") ? parseBase(tokens) : "";
  tokens.expect(":");
  const fields: Field[] = [];
  const methods = new Map<string, FunctionDefinition>();
  const lists = new Map<string, string[]>();
  tokens.expectKind("newline");
  if (tokens.acceptKind("indent")) {
    while (!tokens.acceptKind("dedent")) {
      if (tokens.acceptKind("newline") || tokens.accept("pass")) continue;
      if (tokens.is("def")) {
        const method = parseFunction(tokens);
        methods.set(method.name, method);
      } else parseField(tokens, fields, lists);
    }
  }
  const names = (list: string) => lists.get(list) ?? [];
  return { name, base, fields, methods, parameters: names("__parameters__"), buffers: names("__buffers__") };
}

function parseBase(tokens: TokenStream): string {
  const base = tokens.is(")") ? "" : parseExpression(tokens);
  tokens.expect(")");
  if (typeof base === "string") return base;
  if (base.kind === "name" || base.kind === "path") return base.name;
  return base.kind === "attribute" ? base.name : "";
}

/** `name : T`, `name : Final[T] = value`, `__annotations__["0"] = T`, `__parameters__ = […]`, `RED = 1`. */
function parseField(tokens: TokenStream, fields: Field[], lists: Map<string, string[]>): void {
  const target = parseExpression(tokens);
  const type = tokens.accept(":") ? parseExpression(tokens) : null;
  const value = tokens.accept("=") ? parseExpressions(tokens) : null;
  if (target.kind === "name" && target.name.startsWith("__") && target.name.endsWith("s__")) {
    lists.set(target.name, value?.kind === "list" ? value.items.flatMap(stringOf) : []);
  } else if (target.kind === "name") fields.push({ name: target.name, type, value });
  else if (target.kind === "subscript") {
    for (const name of stringOf(target.index)) fields.push({ name, type: value, value: null });
  }
}

function stringOf(expression: Expression): string[] {
  return expression.kind === "literal" && typeof expression.value === "string" ? [expression.value] : [];
}
