import { type Builder, sameShape } from "../builder.ts";
import { commonShape, mayBeSame, unknownSize } from "../extent.ts";
import { LoweringError, unsupported } from "../lowering-error.ts";
import { growing, type ItemKind, itemTensor, stackItems } from "../stacked-list.ts";
import { GraphValue, type Scope, type TensorValue } from "../tensor-value.ts";
import { GrowingItems, type ListValue, StackedItems, SymbolicScalar } from "../value.ts";
import {
  type Carried,
  leavesOf,
  lose,
  noteChange,
  noteLocals,
  nothingCarried,
  place,
  refuseQuantized,
  reform,
  snapshot,
} from "./carried.ts";
import type { Completion, Frame } from "./frame.ts";
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
  const carried = nothingCarried();
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const counter = fresh(builder, "int64", []);
    const keep = fresh(builder, "bool", []);
    const round = tryRound(frame, loop, carried, counter);
    reform(frame, carried);
    if (round === null || round.grown) continue;
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
    lose(frame, carried);
    lengthen(builder, round.added, stacks);
    return;
  }
  throw unsupported("a loop whose state does not settle");
}

function fresh(builder: Builder, dtype: GraphValue["dtype"], shape: readonly number[]): GraphValue {
  return new GraphValue(dtype, shape, { name: builder.graph.freshName(), scope: builder.graph.scope });
}

/** Null where a list that every round adds to is also used otherwise: its content is carried in the next attempt. */
function tryRound(frame: Frame, loop: SymbolicLoop, carried: Carried, counter: GraphValue): Round | null {
  try {
    return walkRound(frame, loop, carried, counter);
  } catch (error) {
    if (!(error instanceof LoweringError) || error.fault !== "unsupported" || carried.lists.size === 0) throw error;
    if ([...carried.lists.values()].some(({ kind }) => kind === "other")) throw error;
    for (const [list, form] of carried.lists) {
      carried.forms.set(list, form);
      carried.targets.add(list);
    }
    carried.lists.clear();
    carried.widened.clear();
    return null;
  }
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
          lose(frame, carried);
          for (const list of carried.lists.keys()) builder.journal.set(list, new GrowingItems());
          const start = new Map([...frame.locals].map(([name, value]) => [name, snapshot(value, carried, name)]));
          const round = new SymbolicScalar("int", builder.wrap(counter));
          const completion = loop.body(round);
          if (completion !== null && completion !== "continue") {
            throw unsupported("a return or break that depends on the values of a tensor, inside of a loop");
          }
          const more = loop.again?.() ?? true;
          return { inputs, start, more };
        },
        ({ inputs, start, more }, changes): Round => {
          let grown = noteLocals(frame, carried, start);
          for (const [target, change] of changes) grown = noteChange(builder, carried, target, change) || grown;
          if (grown) carried.widened.clear();
          else grown = widen(frame, carried, inputs);
          const condition = typeof more === "boolean" ? builder.full("bool", more) : more;
          const outputs = grown ? [] : outputsOf(frame, carried, inputs);
          const added = grown ? [] : [...carried.lists.keys()].map((list) => addedTo(list, builder));
          return { scope, inputs, outputs, condition: builder.read(condition), grown, added };
        },
      ),
    );
  } finally {
    frame.locals = before;
  }
}

function addedTo(list: ListValue, builder: Builder): Added {
  const items = [...growing(list)].map((item) => {
    const { kind, tensor } = itemTensor(item, builder);
    refuseQuantized(tensor);
    if (Number.isNaN(tensor.shape[0])) throw unsupported("tensors of unknown sizes in a list that grows in a loop");
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
    const before = stackItems(list.content, builder);
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
