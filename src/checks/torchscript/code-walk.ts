import type { Expression, FunctionDefinition, Statement } from "../../torchscript/language/syntax.ts";
import type { Program } from "../../torchscript/evaluator/program.ts";

/** A call in the code, with the place where it stands. */
export interface CodeCall {
  /** `torch.dropout`, or empty for a call of something computed. */
  readonly callee: string;
  readonly positional: readonly Expression[];
  readonly keyword: readonly (readonly [string, Expression])[];
  /** `code/__torch__/m.py:12` */
  readonly at: string;
  readonly method: FunctionDefinition;
}

type Visit = (expression: Expression, line: number) => void;

/** Every call in every function and method of a program. */
export function* callsOf(program: Program): Generator<CodeCall> {
  for (const record of program.files) {
    const file = program.file(record);
    if (file === null) continue;
    const methods = [...file.classes.values()].flatMap((one) => [...one.methods.values()]);
    for (const method of [...file.functions.values(), ...methods]) yield* callsIn(method, record);
  }
}

function callsIn(method: FunctionDefinition, record: string): CodeCall[] {
  const calls: CodeCall[] = [];
  visitBlock(method.body, (expression, line) => {
    if (expression.kind !== "call") return;
    const { callee, positional, keyword } = expression;
    calls.push({ callee: nameOf(callee), positional, keyword, at: `${record}:${line}`, method });
  });
  return calls;
}

/** Whether the method reads an attribute of this name. */
export function readsAttribute(method: FunctionDefinition, name: string): boolean {
  return some(method, (expression) => expression.kind === "attribute" && expression.name === name);
}

/** Whether the method names a function like this, called at once or by way of a local. */
export function namesFunction(method: FunctionDefinition, pattern: RegExp): boolean {
  return some(method, (expression) => expression.kind === "path" && pattern.test(expression.name));
}

function some(method: FunctionDefinition, holds: (expression: Expression) => boolean): boolean {
  let found = false;
  visitBlock(method.body, (expression) => {
    found ||= holds(expression);
  });
  return found;
}

function nameOf(expression: Expression): string {
  return expression.kind === "path" || expression.kind === "name" ? expression.name : "";
}

function visitBlock(block: readonly Statement[], visit: Visit): void {
  for (const statement of block) {
    for (const expression of expressionsOf(statement)) visitExpression(expression, statement.line, visit);
    for (const inner of blocksOf(statement)) visitBlock(inner, visit);
  }
}

function blocksOf(statement: Statement): readonly (readonly Statement[])[] {
  switch (statement.kind) {
    case "if":
      return [statement.whenTrue, statement.whenFalse];
    case "while":
    case "for":
    case "with":
      return [statement.body];
    default:
      return [];
  }
}

function expressionsOf(statement: Statement): readonly Expression[] {
  const list: (Expression | null)[] = [];
  if ("value" in statement) list.push(statement.value);
  if ("test" in statement) list.push(statement.test);
  if (statement.kind === "for") list.push(statement.iterable);
  return list.filter((expression) => expression !== null);
}

function visitExpression(expression: Expression, line: number, visit: Visit): void {
  visit(expression, line);
  for (const inner of childrenOf(expression)) visitExpression(inner, line, visit);
}

function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "list":
    case "tuple":
      return expression.items;
    case "dict":
      return expression.entries.flat();
    case "attribute":
    case "unary":
      return [expression.of];
    case "subscript":
      return [expression.of, expression.index];
    case "call":
      return [expression.callee, ...expression.positional, ...expression.keyword.map(([, value]) => value)];
    case "binary":
      return [expression.left, expression.right];
    case "conditional":
      return [expression.test, expression.whenTrue, expression.whenFalse];
    default:
      return [];
  }
}
