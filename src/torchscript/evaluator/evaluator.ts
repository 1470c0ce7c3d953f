import type { Builder } from "../builder.ts";
import type { FunctionDefinition } from "../language/syntax.ts";
import { invalid } from "../lowering-error.ts";
import type { Value } from "../value.ts";
import { literalOf } from "./attributes.ts";
import { Budget, type Context, type Frame } from "./frame.ts";
import type { Located, Program } from "./program.ts";
import { runBlock } from "./statements.ts";

/** Makes what a walk through a program shares. */
export function createContext(program: Program, builder: Builder, constants: readonly Value[]): Context {
  const context: Context = {
    program,
    builder,
    constants,
    missing: new Map(),
    budget: new Budget(),
    run: (found, positional, keyword) => runFunction(context, found, positional, keyword),
  };
  return context;
}

function runFunction(
  context: Context,
  { definition, file }: Located<FunctionDefinition>,
  positional: readonly Value[],
  keyword: ReadonlyMap<string, Value>,
): Value {
  const locals = new Map<string, Value>();
  definition.parameters.forEach(({ name, fallback }, i) => {
    const given = positional[i] ?? keyword.get(name);
    if (given !== undefined) locals.set(name, given);
    else if (i < positional.length || keyword.has(name)) locals.set(name, null);
    else if (fallback !== null) locals.set(name, literalOf(fallback));
    else throw invalid(`${definition.name} is called without ${name}`);
  });
  if (positional.length > definition.parameters.length) {
    throw invalid(`${definition.name} takes ${definition.parameters.length} arguments, ${positional.length} are given`);
  }
  const frame: Frame = { context, locals, file };
  const completion = context.budget.call(() => runBlock(frame, definition.body));
  return completion !== null && typeof completion !== "string" ? completion.returned : null;
}
