import type { Expression, Statement } from "../language/syntax.ts";
import { invalid, LoweringError, raised, unsupported } from "../lowering-error.ts";
import { kindOf } from "../kind-of.ts";
import { TensorValue } from "../tensor-value.ts";
import { knownItems } from "../stacked-list.ts";
import { ClosureValue, ListValue, ObjectValue, TupleValue, UnknownValue, type Value } from "../value.ts";
import { branch } from "./branch.ts";
import { operator } from "./calls.ts";
import { binaryOperator, evaluate } from "./expressions.ts";
import type { Completion, Frame } from "./frame.ts";
import { itemsOf, rangeOf } from "./iteration.ts";
import { symbolicLoop } from "./loop.ts";
import { truth } from "./truth.ts";

/** What follows a block, up to the end of the function; null at its end, `loop` inside of a loop's body. */
interface Rest {
  readonly statements: readonly Statement[];
  readonly next: Rest | null | "loop";
}

/** Runs a block. */
export function runBlock(
  frame: Frame,
  statements: readonly Statement[],
  next: Rest | null | "loop" = null,
): Completion {
  for (let at = 0; at < statements.length; at++) {
    const statement = statements[at];
    frame.context.budget.step();
    try {
      const completion = runStatement(frame, statement, { statements: statements.slice(at + 1), next });
      if (completion !== null) return completion === "rest" ? null : completion;
    } catch (error) {
      if (error instanceof LoweringError && error.trace.length < 40)
        error.trace.push(`${frame.file}:${statement.line}`);
      throw error;
    }
  }
  return null;
}

function runStatement(frame: Frame, statement: Statement, rest: Rest): Completion | "rest" {
  switch (statement.kind) {
    case "expression":
      evaluate(statement.value, frame);
      return null;
    case "assign": {
      const value = evaluate(statement.value, frame);
      for (const target of statement.targets) assign(frame, target, value);
      return null;
    }
    case "augment": {
      const name = `${binaryOperator(statement.operator)}`;
      const left = evaluate(statement.target, frame);
      const inPlace = left instanceof TensorValue ? `${name}_` : name;
      assign(frame, statement.target, operator(frame.context, inPlace, [left, evaluate(statement.value, frame)]));
      return null;
    }
    case "return":
      return { returned: statement.value === null ? null : evaluate(statement.value, frame) };
    case "if":
      return runIf(frame, statement, rest);
    case "while":
      return runWhile(frame, statement);
    case "for":
      return runFor(frame, statement);
    case "with": {
      const value = evaluate(statement.value, frame);
      if (statement.target !== null) frame.locals.set(statement.target, value);
      return runBlock(frame, statement.body, rest);
    }
    case "define":
      frame.locals.set(statement.name, closure(frame, statement.body));
      return null;
    case "raise":
      throw raised(`the model raised ${statement.value?.kind === "call" ? "an exception" : "an error"}`);
    case "assert":
      if (truth(evaluate(statement.test, frame), frame.context.builder) === false) {
        const message = statement.message === null ? "" : evaluate(statement.message, frame);
        throw raised(`an assertion of the model failed${typeof message === "string" ? `: ${message}` : ""}`);
      }
      return null;
    case "pass":
      return null;
    default:
      return statement.kind;
  }
}

function closure(frame: Frame, body: readonly Statement[]): ClosureValue {
  const locals = new Map(frame.locals);
  return new ClosureValue(() => {
    const completion = runBlock({ ...frame, locals }, body);
    return completion !== null && typeof completion !== "string" ? completion.returned : null;
  });
}

function assign(frame: Frame, target: Expression, value: Value): void {
  if (target.kind === "name") frame.locals.set(target.name, value);
  else if (target.kind === "tuple" || target.kind === "list") {
    const items = unpack(value, target.items.length);
    target.items.forEach((item, i) => assign(frame, item, items[i]));
  } else if (target.kind === "attribute") {
    const object = evaluate(target.of, frame);
    if (!(object instanceof ObjectValue)) throw invalid(`an attribute of ${kindOf(object)} is set`);
    frame.context.builder.journal.set(object, new Map(object.content).set(target.name, value));
  } else if (target.kind === "subscript") {
    operator(frame.context, "aten::_set_item", [evaluate(target.of, frame), evaluate(target.index, frame), value]);
  } else throw invalid("something that is no name is assigned to");
}

function unpack(value: Value, count: number): readonly Value[] {
  if (value instanceof UnknownValue) return Array.from<Value>({ length: count }).fill(value);
  const items = value instanceof TupleValue ? value.items : value instanceof ListValue ? knownItems(value) : null;
  if (items === null) throw invalid(`${kindOf(value)} is unpacked into ${count} names`);
  if (items.length !== count) throw raised(`${items.length} values are unpacked into ${count} names`);
  return items;
}

function runIf(frame: Frame, statement: Extract<Statement, { kind: "if" }>, rest: Rest): Completion {
  const holds = truth(evaluate(statement.test, frame), frame.context.builder);
  if (typeof holds === "boolean") return runBlock(frame, holds ? statement.whenTrue : statement.whenFalse, rest);
  const arm = (body: readonly Statement[]) => () => runBlock(frame, body, rest);
  const toTheEnd = (body: readonly Statement[]) => () => runBlock(frame, body, rest) ?? runRest(frame, rest);
  return branch(frame, holds, {
    whenTrue: arm(statement.whenTrue),
    whenFalse: arm(statement.whenFalse),
    toTheEnd: { whenTrue: toTheEnd(statement.whenTrue), whenFalse: toTheEnd(statement.whenFalse) },
    readsLater: (names) => names.length > 0 && readsLater(rest, new Set(names)),
  });
}

function readsLater(rest: Rest, names: ReadonlySet<string>): boolean {
  let found = false;
  for (let part: Rest | null | "loop" = rest; part !== null; part = part.next) {
    if (part === "loop") return false;
    found ||= part.statements.some((statement) => mentions(statement, names));
  }
  return found;
}

/** Whether a name occurs anywhere in a piece of the syntax. */
function mentions(piece: unknown, names: ReadonlySet<string>): boolean {
  if (Array.isArray(piece)) return piece.some((item) => mentions(item, names));
  if (typeof piece !== "object" || piece === null) return false;
  if ("kind" in piece && piece.kind === "name" && "name" in piece && typeof piece.name === "string") {
    return names.has(piece.name);
  }
  return Object.values(piece).some((item) => mentions(item, names));
}

function runRest(frame: Frame, rest: Rest): Completion {
  for (let part: Rest | null | "loop" = rest; part !== null; part = part.next) {
    if (part === "loop") throw unsupported("a return that depends on the values of a tensor, inside of a loop");
    const completion = runBlock(frame, part.statements, part.next);
    if (completion !== null) return completion;
  }
  return null;
}

function runWhile(frame: Frame, statement: Extract<Statement, { kind: "while" }>): Completion {
  const { builder } = frame.context;
  for (;;) {
    frame.context.budget.step();
    const holds = truth(evaluate(statement.test, frame), builder);
    if (holds === false) return null;
    if (holds !== true) {
      symbolicLoop(frame, {
        rounds: null,
        condition: holds,
        body: () => runBlock(frame, statement.body, "loop"),
        again: () => truth(evaluate(statement.test, frame), builder),
      });
      return null;
    }
    const completion = runBlock(frame, statement.body, "loop");
    if (completion === "break") return null;
    if (completion !== null && completion !== "continue") return completion;
  }
}

function runFor(frame: Frame, statement: Extract<Statement, { kind: "for" }>): Completion {
  const { target, iterable, body } = statement;
  const over =
    iterable.kind === "call" && iterable.callee.kind === "name" && iterable.callee.name === "range"
      ? rangeOf(
          iterable.positional.map((item) => evaluate(item, frame)),
          frame,
        )
      : itemsOf(evaluate(iterable, frame), frame);
  if ("rounds" in over) {
    symbolicLoop(frame, {
      rounds: over.rounds,
      condition: null,
      body: (round) => {
        assign(frame, target, over.item(round));
        return runBlock(frame, body, "loop");
      },
      again: null,
    });
    return null;
  }
  for (const item of over) {
    frame.context.budget.step();
    assign(frame, target, item);
    const completion = runBlock(frame, body, "loop");
    if (completion === "break") break;
    if (completion !== null && completion !== "continue") return completion;
  }
  return null;
}
