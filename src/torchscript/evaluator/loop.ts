import { type Builder, sameShape } from "../builder.ts";
import { commonShape, mayBeSame, unknownSize } from "../extent.ts";
import type { Change } from "../journal.ts";
import { growing, type ItemKind, itemTensor, knownItems, stackItems } from "../stacked-list.ts";
import { LoweringError, unsupported } from "../lowering-error.ts";
import { GraphValue, type Scope, TensorValue } from "../tensor-value.ts";
import {
  DictValue,
  GrowingItems,
  ListValue,
  type Mutable,
  ObjectValue,
  StackedItems,
  SymbolicScalar,
  TupleValue,
  type Value,
} from "../value.ts";
import type { Completion, Frame } from "./frame.ts";
import { asSymbolic } from "../symbolic.ts";
import { inScope, subgraph } from "./subgraph.ts";

export interface SymbolicLoop {
  /** Number of rounds, or null for a `while`. */
  readonly rounds: TensorValue | null;
  /** Whether there is a first round; null: always. */
  readonly condition: TensorValue | null;
  /** One round; gets the number of the round. */
  readonly body: (round: SymbolicScalar) => Completion;
  /** Whether another round follows, asked after the body; null for a `for`. */
  readonly again: (() => TensorValue | boolean) | null;
}

/** What changes from round to round: locals, and contents of values that existed before. */
interface Carried {
  readonly locals: Set<string>;
  readonly targets: Set<Mutable<unknown>>;
  /** Shapes of leaves, by number, whose sizes change from round to round. */
  readonly widened: Map<number, readonly number[]>;
  /** Lists that every round adds to. */
  readonly lists: Set<ListValue>;
}

interface Round {
  readonly scope: Scope;
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  readonly condition: GraphValue;
  /** Numbers of the leaves, so that the results can be put in their places. */
  readonly grown: boolean;
  /** What the round added to each list that grows. */
  readonly added: readonly Added[];
}

interface Added {
  readonly list: ListValue;
  readonly items: readonly { readonly kind: ItemKind; readonly value: GraphValue }[];
}

const mostAttempts = 8;

/** A loop whose number of rounds only running the graph tells, as an ONNX Loop whose carried values keep their shapes. */
export function symbolicLoop(frame: Frame, loop: SymbolicLoop): void {
  const { builder } = frame.context;
  const carried: Carried = { locals: new Set(), targets: new Set(), widened: new Map(), lists: new Set() };
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const counter = fresh(builder, "int64", []);
    const keep = fresh(builder, "bool", []);
    const round = walkRound(frame, loop, carried, counter);
    if (round.grown) continue;
    const initial = leavesOf(frame, carried).map((value) => builder.read(value));
    const scans = round.added.flatMap(({ items }) => items.map(({ value }) => value));
    const outputs = [round.condition, ...round.outputs, ...scans];
    const body = subgraph(builder, round.scope, [counter, keep, ...round.inputs], outputs);
    const results = initial.map((value, i) => fresh(builder, value.dtype, carried.widened.get(i) ?? value.shape));
    const inputs = [
      loop.rounds && builder.read(loop.rounds),
      loop.condition && builder.read(loop.condition),
      ...initial,
    ];
    const stacks = scans.map(({ dtype, shape }) => fresh(builder, dtype, [unknownSize, ...shape]));
    builder.graph.push("Loop", inputs, { body: { graph: body } }, [...results, ...stacks]);
    place(frame, carried, results);
    lengthen(builder, round.added, stacks);
    return;
  }
  throw unsupported("a loop whose state does not settle");
}

function fresh(builder: Builder, dtype: GraphValue["dtype"], shape: readonly number[]): GraphValue {
  return new GraphValue(dtype, shape, { name: builder.graph.freshName(), scope: builder.graph.scope });
}

function walkRound(frame: Frame, loop: SymbolicLoop, carried: Carried, counter: GraphValue): Round {
  const { builder } = frame.context;
  const scope: Scope = { parent: builder.graph.scope, nodes: [] };
  const before = frame.locals;
  try {
    return inScope(builder, scope, () =>
      builder.journal.trial(
        () => {
          frame.locals = new Map(before);
          const inputs = leavesOf(frame, carried).map(({ dtype, shape }, i) =>
            fresh(builder, dtype, carried.widened.get(i) ?? shape),
          );
          place(frame, carried, inputs);
          for (const list of carried.lists) builder.journal.set(list, new GrowingItems());
          const start = new Map(frame.locals);
          const contents = new Map([...carried.targets].map((target) => [target, target.content]));
          const round = new SymbolicScalar("int", builder.wrap(counter));
          const completion = loop.body(round);
          if (completion !== null && completion !== "continue") {
            throw unsupported("a return or break that depends on the values of a tensor, inside of a loop");
          }
          const more = loop.again?.() ?? true;
          return { inputs, start, contents, more };
        },
        ({ inputs, start, more }, changes): Round => {
          let grown = false;
          for (const [name, value] of frame.locals) {
            if (!start.has(name)) continue;
            if (Object.is(start.get(name), value) || carried.locals.has(name)) continue;
            carried.locals.add(name);
            grown = true;
          }
          for (const [target, change] of changes) {
            if (carried.targets.has(target) || (target instanceof ListValue && carried.lists.has(target))) continue;
            if (target instanceof ListValue && isLonger(change)) carried.lists.add(target);
            else carried.targets.add(target);
            grown = true;
          }
          if (grown) carried.widened.clear();
          else grown = widen(frame, carried, inputs);
          const condition = typeof more === "boolean" ? builder.full("bool", more) : more;
          const outputs = grown ? [] : outputsOf(frame, carried, inputs);
          const added = grown ? [] : [...carried.lists].map((list) => addedTo(list, builder));
          return { scope, inputs, outputs, condition: builder.read(condition), grown, added };
        },
      ),
    );
  } finally {
    frame.locals = before;
  }
}

function isLonger({ before, after }: Change): boolean {
  if (after instanceof GrowingItems) return false;
  return (
    before instanceof StackedItems || (Array.isArray(before) && Array.isArray(after) && after.length > before.length)
  );
}

function addedTo(list: ListValue, builder: Builder): Added {
  const items = [...growing(list)].map((item) => {
    const { kind, tensor } = itemTensor(item, builder);
    return { kind, value: builder.read(tensor) };
  });
  if (items.length === 0) throw unsupported("a list that a loop on the values of a tensor changes in some rounds only");
  return { list, items };
}

/** Puts what all rounds added behind what the lists held before. */
function lengthen(builder: Builder, added: readonly Added[], stacks: readonly GraphValue[]): void {
  let at = 0;
  for (const { list, items } of added) {
    const own = stacks.slice(at, (at += items.length));
    const [{ kind }] = items;
    const shape = own[0].shape.slice(1);
    if (items.some((item, i) => item.kind !== kind || !mayBeSame(own[i].shape.slice(1), shape))) {
      throw unsupported("a list of items of different kinds or shapes that grows in a loop");
    }
    const rounds = builder.concat(
      own.map((stack) => builder.unsqueeze(stack, [1])),
      1,
    );
    const before = stackItems(list, builder);
    const flat = own.length === 1 ? own[0] : builder.reshape(rounds, [unknownSize, ...shape]);
    const stack = builder.concat(before === null ? [flat] : [before, flat], 0);
    builder.journal.set(list, new StackedItems(kind, stack));
  }
}

/** Notes the leaves that a round leaves with other sizes than it found. Whether there are any. */
function widen(frame: Frame, carried: Carried, inputs: readonly GraphValue[]): boolean {
  const before = carried.widened.size;
  leavesOf(frame, carried).forEach((leaf, i) => {
    const shape = inputs[i]?.shape ?? leaf.shape;
    if (carried.widened.has(i) || leaf.rank !== shape.length || sameShape(leaf.shape, shape)) return;
    carried.widened.set(i, commonShape(leaf.shape, shape));
  });
  return carried.widened.size > before;
}

function outputsOf(frame: Frame, carried: Carried, inputs: readonly GraphValue[]): GraphValue[] {
  const { builder } = frame.context;
  const leaves = leavesOf(frame, carried);
  if (leaves.length !== inputs.length)
    throw unsupported("a loop on the values of a tensor that changes a list's length");
  return leaves.map((leaf, i) => {
    const value = builder.read(leaf);
    const { dtype, shape } = inputs[i];
    if (value.dtype !== dtype || !mayBeSame(value.shape, shape)) {
      throw unsupported(
        `a loop on the values of a tensor that turns ${dtype}[${shape.join(", ")}] into ${value.dtype}[${value.shape.join(", ")}]`,
      );
    }
    return value;
  });
}

/** All tensors and numbers of the carried values, in order. */
function leavesOf(frame: Frame, carried: Carried): TensorValue[] {
  const leaves: TensorValue[] = [];
  walkCarried(frame, carried, (leaf) => {
    leaves.push(leaf);
    return leaf;
  });
  return leaves;
}

/** Puts graph values in the places of the carried leaves, in the same order. */
function place(frame: Frame, carried: Carried, values: readonly GraphValue[]): void {
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
  if (value instanceof ListValue && value.content instanceof StackedItems) {
    return new ListValue(new StackedItems(value.content.kind, visit(value.content.stack)));
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
  if (target instanceof ListValue) return knownItems(target).map((item) => rebuild(item, builder, visit));
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
