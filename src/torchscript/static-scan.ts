import type { Program } from "./evaluator/program.ts";
import { PickledDict, PickledObject } from "./file/pickled.ts";
import { operatorName } from "./language/operator-name.ts";
import type { Expression, FunctionDefinition, Statement } from "./language/syntax.ts";

const mostVisits = 400_000;

/**
 * Operators that `forward` and everything it calls name in the code, with the number of places (a module that is called
 * three times counts three times; both arms of a branch count). Nothing is evaluated.
 */
export function scanOperators(program: Program, module: PickledObject): Map<string, number> {
  const scan = new Scan(program);
  scan.method(module, "forward");
  return scan.counts;
}

/** What a name stands for, as far as the code alone tells. */
type Meaning = PickledObject | { readonly callable: string } | null;

class Scan {
  readonly counts = new Map<string, number>();
  readonly #program: Program;
  readonly #active = new Set<FunctionDefinition>();
  #visits = 0;

  constructor(program: Program) {
    this.#program = program;
  }

  method(self: PickledObject, name: string): void {
    const definition = this.#program.class(self.type)?.definition.methods.get(name);
    if (definition !== undefined) this.#function(definition, self);
  }

  #function(definition: FunctionDefinition, self: PickledObject | null): void {
    if (this.#active.has(definition) || this.#active.size > 200) return;
    this.#active.add(definition);
    const names = new Map<string, Meaning>();
    const [first] = definition.parameters;
    if (self !== null && first !== undefined) names.set(first.name, self);
    this.#block(definition.body, names);
    this.#active.delete(definition);
  }

  #block(statements: readonly Statement[], names: Map<string, Meaning>): void {
    for (const statement of statements) {
      if (++this.#visits > mostVisits) return;
      this.#statement(statement, names);
    }
  }

  #statement(statement: Statement, names: Map<string, Meaning>): void {
    if ("value" in statement && statement.value !== null) {
      const meaning = this.#expression(statement.value, names);
      if (statement.kind === "assign") {
        for (const target of statement.targets) if (target.kind === "name") names.set(target.name, meaning);
      }
    }
    if ("test" in statement) this.#expression(statement.test, names);
    if (statement.kind === "for") this.#expression(statement.iterable, names);
    if (statement.kind === "if") {
      this.#block(statement.whenTrue, names);
      this.#block(statement.whenFalse, names);
    }
    if ("body" in statement) this.#block(statement.body, names);
  }

  #expression(expression: Expression, names: ReadonlyMap<string, Meaning>): Meaning {
    const each = (items: readonly Expression[]) => items.forEach((item) => this.#expression(item, names));
    switch (expression.kind) {
      case "name":
        return names.get(expression.name) ?? null;
      case "path":
        return { callable: expression.name };
      case "attribute":
        return attribute(this.#expression(expression.of, names), expression.name);
      case "call":
        return this.#call(expression, names);
      case "list":
      case "tuple":
        each(expression.items);
        return null;
      case "dict":
        for (const [key, value] of expression.entries) each([key, value]);
        return null;
      case "subscript":
        each([expression.of, expression.index]);
        return null;
      case "unary":
        this.#expression(expression.of, names);
        return null;
      case "binary":
        each([expression.left, expression.right]);
        return null;
      case "conditional":
        each([expression.test, expression.whenTrue, expression.whenFalse]);
        return null;
      default:
        return null;
    }
  }

  #call(expression: Extract<Expression, { kind: "call" }>, names: ReadonlyMap<string, Meaning>): Meaning {
    const { callee, positional, keyword } = expression;
    const typeFirst = callee.kind === "name" && ["annotate", "unchecked_cast", "uninitialized"].includes(callee.name);
    for (const item of positional.slice(typeFirst ? 1 : 0)) this.#expression(item, names);
    for (const [, item] of keyword) this.#expression(item, names);
    if (callee.kind === "attribute") {
      const owner = this.#expression(callee.of, names);
      if (owner instanceof PickledObject) this.method(owner, callee.name);
      return null;
    }
    if (callee.kind === "name" && callee.name === "getattr") return this.#getattr(positional, names);
    if (callee.kind === "name" && callee.name === "unchecked_cast") return this.#expression(positional[1], names);
    const target = this.#expression(callee, names);
    if (target !== null && "callable" in target) this.#named(target.callable);
    return null;
  }

  #getattr(positional: readonly Expression[], names: ReadonlyMap<string, Meaning>): Meaning {
    const [of, name] = positional;
    if (of === undefined || name?.kind !== "literal" || typeof name.value !== "string") return null;
    return attribute(this.#expression(of, names), name.value);
  }

  #named(path: string): void {
    if (path.startsWith("__torch__")) {
      const found = this.#program.function(path);
      if (found !== null) this.#function(found.definition, null);
      for (const method of this.#program.class(path)?.definition.methods.values() ?? []) this.#function(method, null);
      return;
    }
    const name = operatorName(path);
    if (name !== "prim::RaiseException") this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }
}

function attribute(of: Meaning, name: string): Meaning {
  if (!(of instanceof PickledObject) || !(of.state instanceof PickledDict)) return null;
  const found = of.state.entries.find(([key]) => key === name)?.[1];
  return found instanceof PickledObject ? found : null;
}
