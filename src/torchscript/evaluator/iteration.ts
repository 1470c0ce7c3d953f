import { kindOf } from "../kind-of.ts";
import { invalid } from "../lowering-error.ts";
import { knownItems, lengthOf, stackedItem } from "../stacked-list.ts";
import { rangeItem, rangeLength } from "../operators/scalar-arithmetic.ts";
import { asSymbolic, sizeOf } from "../symbolic.ts";
import { TensorValue } from "../tensor-value.ts";
import {
  DictValue,
  ListValue,
  ObjectValue,
  StackedItems,
  type SymbolicScalar,
  TupleValue,
  type Value,
} from "../value.ts";
import { operator } from "./calls.ts";
import type { Frame } from "./frame.ts";

/** What a loop goes over when only running the graph tells how often. */
export interface Rounds {
  readonly rounds: TensorValue;
  /** The item of a round, by its number. */
  readonly item: (round: SymbolicScalar) => Value;
}

export function rangeOf(bounds: readonly Value[], frame: Frame): Iterable<Value> | Rounds {
  const [first = null, second = null, step = 1n] = bounds;
  const [start, end] = second === null ? [0n, first] : [first, second];
  if (typeof start === "bigint" && typeof end === "bigint" && typeof step === "bigint" && step !== 0n) {
    return counting(start, end, step);
  }
  const { builder } = frame.context;
  const rounds = asSymbolic(rangeLength(start, end, step, builder), builder);
  if (rounds === null) throw invalid("a range of something that is no number");
  return { rounds: rounds.tensor, item: (round) => rangeItem(round, start, step, builder) };
}

function* counting(start: bigint, end: bigint, step: bigint): Generator<bigint> {
  for (let i = start; step > 0n ? i < end : i > end; i += step) yield i;
}

export function itemsOf(value: Value, frame: Frame): Iterable<Value> | Rounds {
  const { builder } = frame.context;
  if (value instanceof ListValue && value.content instanceof StackedItems) {
    const items = value.content;
    const length = asSymbolic(lengthOf(items, builder), builder);
    if (length !== null) return { rounds: length.tensor, item: (round) => stackedItem(items, round, builder) };
  }
  if (value instanceof ListValue) return knownItems(value);
  if (value instanceof TupleValue) return value.items;
  if (value instanceof DictValue) return [...value.content.values()].map(([key]) => key);
  if (typeof value === "string") return value;
  if (value instanceof TensorValue && Number.isNaN(value.shape[0])) {
    const size = asSymbolic(sizeOf(value, 0, builder), builder);
    const row = (round: Value) => operator(frame.context, "aten::select", [value, 0n, round]);
    if (size !== null) return { rounds: size.tensor, item: row };
  }
  if (value instanceof TensorValue) {
    const rows = operator(frame.context, "aten::unbind", [value, 0n]);
    return rows instanceof ListValue ? knownItems(rows) : [];
  }
  if (value instanceof ObjectValue) {
    return [...value.content].filter(([name]) => /^\d+$/.test(name)).map(([, item]) => item);
  }
  throw invalid(`a loop over ${kindOf(value)}`);
}
