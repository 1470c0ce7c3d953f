import type { Builder } from "../builder.ts";
import type { Change } from "../journal.ts";
import { LoweringError, unsupported } from "../lowering-error.ts";
import { knownItems, stackedAs } from "../stacked-list.ts";
import { mapStacks } from "../stacks.ts";
import { anyGridOf } from "../quantized-grid.ts";
import { asSymbolic } from "../symbolic.ts";
import { type GraphValue, TensorValue } from "../tensor-value.ts";
import {
  DictValue,
  GrowingItems,
  ListValue,
  type Mutable,
  ObjectValue,
  OptionalValue,
  StackedItems,
  SymbolicScalar,
  TupleValue,
  UninitializedValue,
  type Value,
} from "../value.ts";
import type { Frame } from "./frame.ts";
import {
  conform,
  commonForm,
  conformItems,
  differ,
  type Form,
  formOf,
  listForm,
  misfitItems,
  misfits,
} from "./loop-form.ts";

/** What changes from round to round: locals, and contents of values that existed before. */
export interface Carried {
  readonly locals: Set<string>;
  readonly targets: Set<Mutable<unknown>>;
  /** Shapes of leaves, by number, whose sizes change from round to round. */
  readonly widened: Map<number, readonly number[]>;
  /** Lists that every round adds to, and what they would be if their content was carried. */
  readonly lists: Map<ListValue, Form>;
  /** Locals that are of one kind before the first round and of another after it: nothing may read them in between. */
  readonly lost: Set<string>;
  /** Forms that locals and lists must have before the first round. */
  readonly forms: Map<string | ListValue, Form>;
}

export function nothingCarried(): Carried {
  return {
    locals: new Set(),
    targets: new Set(),
    widened: new Map(),
    lists: new Map(),
    lost: new Set(),
    forms: new Map(),
  };
}

export function lose(frame: Frame, { lost }: Carried): void {
  for (const name of lost)
    frame.locals.set(name, new UninitializedValue("", `${name} is of another kind after a loop`));
}

/** Gives what was there before the loop the form that the rounds leave it in. */
export function reform(frame: Frame, { forms }: Carried): void {
  const { builder } = frame.context;
  for (const [place, form] of forms) {
    if (typeof place === "string") frame.locals.set(place, conform(frame.locals.get(place) ?? null, form, builder));
    else if (form.kind === "stack") builder.journal.set(place, stackedAs(place.content, form.of, builder));
  }
  forms.clear();
}

/** A carried list is a new one in every round, and may change in place. */
export function snapshot(value: Value, carried: Carried, name: string): Value {
  return value instanceof ListValue && carried.locals.has(name) ? new ListValue(value.content) : value;
}

/** Notes the locals that a round leaves with other values than it found. Whether that asks for another attempt. */
export function noteLocals(frame: Frame, carried: Carried, start: ReadonlyMap<string, Value>): boolean {
  const { builder } = frame.context;
  let grown = false;
  for (const [name, value] of frame.locals) {
    const was = start.get(name);
    if (was === undefined || Object.is(was, value) || carried.lost.has(name)) continue;
    if (differ(was, value, builder)) {
      carried.lost.add(name);
      carried.locals.delete(name);
      grown = true;
      continue;
    }
    if (misfits(was, value)) carried.forms.set(name, commonForm(was, value, builder));
    else if (misfits(value, was)) frame.locals.set(name, conform(value, formOf(was, builder), builder));
    grown ||= !carried.locals.has(name) || carried.forms.has(name);
    carried.locals.add(name);
  }
  return grown;
}

export function noteChange(builder: Builder, carried: Carried, target: Mutable<unknown>, change: Change): boolean {
  if (!(target instanceof ListValue)) {
    const isNew = !carried.targets.has(target);
    carried.targets.add(target);
    return isNew;
  }
  if (carried.lists.has(target)) return false;
  const [before, after] = [change.before, change.after] as [readonly Value[], readonly Value[]];
  if (isLonger(change) && !carried.targets.has(target)) {
    carried.lists.set(target, listForm(before, after, builder));
    return true;
  }
  if (misfitItems(before, after)) carried.forms.set(target, listForm(before, after, builder));
  else if (misfitItems(after, before) && before instanceof StackedItems) {
    builder.journal.set(target, conformItems(after, before, builder));
  }
  const isNew = !carried.targets.has(target);
  carried.targets.add(target);
  return isNew || carried.forms.has(target);
}

function isLonger({ before, after }: Change): boolean {
  if (after instanceof GrowingItems) return false;
  return (
    before instanceof StackedItems || (Array.isArray(before) && Array.isArray(after) && after.length > before.length)
  );
}

/** All tensors and numbers of the carried values, in order. */
export function leavesOf(frame: Frame, carried: Carried): TensorValue[] {
  const leaves: TensorValue[] = [];
  walkCarried(frame, carried, (leaf) => {
    refuseQuantized(leaf);
    leaves.push(leaf);
    return leaf;
  });
  return leaves;
}

/** Its grid would have to be the same in every round. */
export function refuseQuantized(tensor: TensorValue): void {
  if (anyGridOf(tensor) !== null) throw unsupported("a loop on the values of a tensor that carries a quantised one");
}

/** Puts graph values in the places of the carried leaves, in the same order. */
export function place(frame: Frame, carried: Carried, values: readonly GraphValue[]): void {
  const { builder } = frame.context;
  let at = 0;
  const assign = walkCarried(frame, carried, () => builder.wrap(values[at++]));
  assign();
}

/** Visits the leaves; the returned function puts what `visit` gave in their places. */
function walkCarried(frame: Frame, carried: Carried, visit: (leaf: TensorValue) => TensorValue): () => void {
  const { builder } = frame.context;
  const locals = [...carried.locals].map(
    (name) => [name, rebuild(frame.locals.get(name) ?? null, builder, visit)] as const,
  );
  const targets = [...carried.targets].map((target) => [target, rebuildContent(target, builder, visit)] as const);
  return () => {
    for (const [name, value] of locals) frame.locals.set(name, value);
    for (const [target, content] of targets) builder.journal.set(target, content);
  };
}

function rebuild(value: Value, builder: Builder, visit: (leaf: TensorValue) => TensorValue): Value {
  if (value instanceof TensorValue) return visit(value);
  const scalar = asSymbolic(value, builder);
  if (scalar !== null) return new SymbolicScalar(scalar.type, visit(scalar.tensor));
  const all = (items: readonly Value[]) => items.map((item) => rebuild(item, builder, visit));
  if (value instanceof TupleValue) return new TupleValue(all(value.items), value.fields, value.type);
  if (value instanceof OptionalValue) {
    return new OptionalValue(visit(value.present), rebuild(value.value, builder, visit));
  }
  if (value instanceof ListValue && value.content instanceof StackedItems) {
    return new ListValue(mapStacks(value.content, visit));
  }
  if (value instanceof ListValue) return new ListValue(all(knownItems(value)));
  return value;
}

function rebuildContent(
  target: Mutable<unknown>,
  builder: Builder,
  visit: (leaf: TensorValue) => TensorValue,
): unknown {
  if (target instanceof TensorValue) return { value: builder.read(visit(builder.copy(target))) };
  if (target instanceof ListValue) {
    const { content } = target;
    if (content instanceof StackedItems) return mapStacks(content, visit);
    return knownItems(target).map((item) => rebuild(item, builder, visit));
  }
  if (target instanceof DictValue) {
    return new Map([...target.content].map(([key, [name, value]]) => [key, [name, rebuild(value, builder, visit)]]));
  }
  if (target instanceof ObjectValue) {
    return new Map([...target.content].map(([name, value]) => [name, attribute(value, builder, visit)]));
  }
  throw new LoweringError("unsupported", "a loop that changes a value of this kind");
}

/** Attributes of an object: tensors and numbers are carried, modules and texts stay. */
function attribute(value: Value, builder: Builder, visit: (leaf: TensorValue) => TensorValue): Value {
  return typeof value === "boolean" ? value : rebuild(value, builder, visit);
}
