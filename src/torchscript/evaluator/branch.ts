import { LoweringError } from "../lowering-error.ts";
import type { Changes } from "../journal.ts";
import type { GraphValue, Scope, TensorValue } from "../tensor-value.ts";
import { type Mutable, StackedItems, UninitializedValue, type Value } from "../value.ts";
import { stacksOf } from "../stacks.ts";
import type { Completion, Frame } from "./frame.ts";
import { eachTensor } from "./each-tensor.ts";
import { type ArmState, Merge } from "./merge.ts";
import { inScope, subgraph } from "./subgraph.ts";

interface Arm extends ArmState {
  readonly completion: Completion;
  readonly locals: ReadonlyMap<string, Value>;
}

export interface Arms {
  readonly whenTrue: () => Completion;
  readonly whenFalse: () => Completion;
  /** The arms with all that follows up to the end of the function; for a return in one of them only. */
  readonly toTheEnd: { readonly whenTrue: () => Completion; readonly whenFalse: () => Completion };
  /** Whether the function can be walked to its end from here, and reads one of these names on the way. */
  readonly readsLater?: (names: readonly string[]) => boolean;
}

/**
 * A branch that only running the graph decides: both arms are walked from the same state, and an ONNX If gives the
 * locals, the changed contents and the returned value. An arm that raises is taken as never reached.
 */
export function branch(frame: Frame, condition: TensorValue, arms: Arms): Completion {
  const whenTrue = walkArm(frame, arms.whenTrue);
  const whenFalse = walkArm(frame, arms.whenFalse);
  if (whenTrue instanceof LoweringError && whenFalse instanceof LoweringError) throw whenTrue;
  if (whenTrue instanceof LoweringError) return arms.whenFalse();
  if (whenFalse instanceof LoweringError) return arms.whenTrue();
  if (kind(whenTrue.completion) === kind(whenFalse.completion)) {
    const ends = whenTrue.completion === null;
    // None in one arm, or another shape: each arm goes on with its own, up to the end of the function.
    if (!ends || !arms.readsLater?.(conflicts(frame, whenTrue, whenFalse))) {
      return mergeArms(frame, condition, whenTrue, whenFalse);
    }
  }
  frame.context.budget.split();
  const full = [walkArm(frame, arms.toTheEnd.whenTrue), walkArm(frame, arms.toTheEnd.whenFalse)];
  const [first, second] = full;
  if (first instanceof LoweringError && second instanceof LoweringError) throw first;
  if (first instanceof LoweringError) return arms.toTheEnd.whenFalse();
  if (second instanceof LoweringError) return arms.toTheEnd.whenTrue();
  return mergeArms(frame, condition, returning(first), returning(second));
}

function kind(completion: Completion): string {
  return completion === null ? "end" : typeof completion === "string" ? completion : "return";
}

function returning(arm: Arm): Arm {
  return arm.completion === null ? { ...arm, completion: { returned: null } } : arm;
}

function walkArm(frame: Frame, walk: () => Completion): Arm | LoweringError {
  const { builder } = frame.context;
  const before = frame.locals;
  const scope: Scope = { parent: builder.graph.scope, nodes: [] };
  try {
    return inScope(builder, scope, () =>
      builder.journal.trial(
        () => {
          frame.locals = new Map(before);
          return walk();
        },
        (completion, changes) => settle(frame, { scope, completion, changes }, before),
      ),
    );
  } catch (error) {
    if (error instanceof LoweringError && error.fault === "raised") return error;
    throw error;
  } finally {
    frame.locals = before;
  }
}

/** Reads every tensor that the arm bound, while its changes are in force. */
function settle(
  frame: Frame,
  arm: { scope: Scope; completion: Completion; changes: Changes },
  before: ReadonlyMap<string, Value>,
): Arm {
  const { builder } = frame.context;
  const values = new Map<TensorValue, GraphValue>();
  const keep = (value: Value) => eachTensor(value, (tensor) => values.set(tensor, builder.read(tensor)));
  for (const [name, value] of frame.locals) if (before.get(name) !== value) keep(value);
  if (arm.completion !== null && typeof arm.completion !== "string") keep(arm.completion.returned);
  for (const { after } of arm.changes.values()) {
    if (after instanceof StackedItems) stacksOf(after).forEach(keep);
    else if (Array.isArray(after)) after.forEach(keep);
    else if (after instanceof Map) for (const item of after.values()) keep(Array.isArray(item) ? item[1] : item);
  }
  return { ...arm, locals: frame.locals, values };
}

function mergeArms(frame: Frame, condition: TensorValue, whenTrue: Arm, whenFalse: Arm): Completion {
  const { builder } = frame.context;
  const merge = new Merge(builder, whenTrue, whenFalse, true);
  const returned =
    whenTrue.completion !== null &&
    typeof whenTrue.completion !== "string" &&
    whenFalse.completion !== null &&
    typeof whenFalse.completion !== "string"
      ? { returned: merge.value(whenTrue.completion.returned, whenFalse.completion.returned) }
      : null;
  const locals = new Map(frame.locals);
  if (returned === null) mergeLocals(locals, whenTrue, whenFalse, merge);
  const contents = new Map<Mutable<unknown>, unknown>();
  for (const target of new Set([...whenTrue.changes.keys(), ...whenFalse.changes.keys()])) {
    contents.set(target, merge.content(target));
  }
  if (merge.pairs.length > 0) {
    const arm = (scope: Scope, side: "whenTrue" | "whenFalse") =>
      subgraph(
        builder,
        scope,
        [],
        merge.pairs.map((pair) => pair[side]),
      );
    const attributes = {
      then_branch: { graph: arm(whenTrue.scope, "whenTrue") },
      else_branch: { graph: arm(whenFalse.scope, "whenFalse") },
    };
    const test = builder.read(condition);
    builder.graph.push(
      "If",
      [test],
      attributes,
      merge.pairs.map(({ output }) => output),
    );
  }
  frame.locals = locals;
  for (const [target, content] of contents) builder.journal.set(target, content);
  return returned ?? whenTrue.completion;
}

/** Locals that the arms leave with values that do not go together. */
function conflicts(frame: Frame, whenTrue: Arm, whenFalse: Arm): string[] {
  const locals = new Map<string, Value>();
  mergeLocals(locals, whenTrue, whenFalse, new Merge(frame.context.builder, whenTrue, whenFalse, false));
  return [...locals].flatMap(([name, value]) =>
    value instanceof UninitializedValue && value.reason !== null ? [name] : [],
  );
}

function mergeLocals(locals: Map<string, Value>, whenTrue: Arm, whenFalse: Arm, merge: Merge): void {
  for (const name of new Set([...whenTrue.locals.keys(), ...whenFalse.locals.keys()])) {
    const [a, b] = [whenTrue.locals.get(name), whenFalse.locals.get(name)];
    if (a === undefined || b === undefined) {
      locals.delete(name);
      continue;
    }
    if (a === b) {
      locals.set(name, a);
      continue;
    }
    try {
      locals.set(name, merge.value(a, b));
    } catch (error) {
      // Only reading the name would be an error, and most such names are never read again.
      if (!(error instanceof LoweringError) || error.fault !== "unsupported") throw error;
      locals.set(name, new UninitializedValue("", error.message));
    }
  }
}
