import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { raised } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { range } from "./ranges.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { constantPad } from "./padding.ts";
import { reduce } from "./reduce.ts";

function knownInts(builder: Builder, x: TensorValue): number[] | null {
  return builder.known(x)?.map(Number) ?? null;
}

/** [time, batch, …] where an element of the batch still runs: step < length. */
function running(m: Maths, time: number, lengths: TensorValue, rank: number): TensorValue {
  const steps = m.builder.reshape(range(m.builder, 0, 1, time, "int64"), [time, 1]);
  const flags = m.less(steps, lengths);
  return m.builder.unsqueeze(
    flags,
    Array.from({ length: rank - 2 }, (_, i) => i + 2),
  );
}

/** How long each sequence of a batch is, from how many run at each step. */
export function lengthsOf(m: Maths, sizes: TensorValue, batch: number): TensorValue {
  const places = range(m.builder, 0, 1, batch, "int64");
  const flags = m.greater(m.builder.reshape(sizes, [sizes.count, 1]), places);
  return reduce(m.builder, "ReduceSum", m.builder.cast(flags, "int64"), [0], false);
}

/**
 * Sequences whose lengths are known only at run time stay padded, [time × batch, …]: what follows needs the shape now.
 * The longest must fill the time dimension; else the reshape fails when the graph runs, where PyTorch would have cut.
 */
function packPadded(builder: Builder, input: TensorValue, given: TensorValue): TupleValue {
  const m = new Maths(builder);
  const lengths = builder.cast(given, "int64");
  const [time, batch, ...rest] = input.shape;
  const longest = reduce(builder, "ReduceMax", lengths, [0], true);
  const wanted = builder.concat([longest, builder.ints([batch, ...rest])], 0);
  const checked = builder.emit("Reshape", [input, wanted], {}, { dtype: input.dtype, shape: input.shape });
  const flags = running(m, time, lengths, input.rank);
  const sizes = m.less(builder.reshape(range(builder, 0, 1, time, "int64"), [time, 1]), lengths);
  const data = builder.reshape(m.where(flags, checked, 0), [time * batch, ...rest]);
  return new TupleValue([data, reduce(builder, "ReduceSum", builder.cast(sizes, "int64"), [1], false)]);
}

function unpackPadded(call: Call, builder: Builder): TupleValue {
  const m = new Maths(builder);
  const [data, sizes] = [call.tensor("data"), call.tensor("batch_sizes")];
  const time = sizes.count;
  const batch = data.shape[0] / time;
  const lengths = lengthsOf(m, sizes, batch);
  const shaped = builder.reshape(data, [time, batch, ...data.shape.slice(1)]);
  const filled = m.where(running(m, time, lengths, shaped.rank), shaped, Number(call.scalar("padding_value")));
  const missing = Math.max(call.int("total_length") - time, 0);
  const pad = [...data.shape.slice(1).flatMap(() => [0, 0]), 0, 0, 0, missing];
  const padded = constantPad(builder, filled, pad, Number(call.scalar("padding_value")));
  return new TupleValue([call.bool("batch_first") ? swapFirst(builder, padded) : padded, lengths]);
}

function swapFirst(builder: Builder, x: TensorValue): TensorValue {
  return builder.transpose(x, [1, 0, ...x.shape.slice(2).map((_, i) => i + 2)]);
}

function rowsOf(builder: Builder, x: TensorValue, rows: readonly number[]): TensorValue {
  const flat = builder.reshape(x, [x.shape[0] * x.shape[1], ...x.shape.slice(2)]);
  const shape = [rows.length, ...x.shape.slice(2)];
  return builder.emit("Gather", [flat, builder.ints(rows)], { axis: 0 }, { dtype: x.dtype, shape });
}

/** The steps of all sequences that are still running, one time after the other. */
function pack(call: Call, builder: Builder): TupleValue {
  const given = call.tensor("input");
  const input = call.bool("batch_first") ? swapFirst(builder, given) : given;
  const lengths = knownInts(builder, call.tensor("lengths"));
  if (lengths === null) return packPadded(builder, input, call.tensor("lengths"));
  if (lengths.some((length, i) => i > 0 && length > lengths[i - 1]))
    throw raised("lengths of packed sequences that do not descend");
  const batch = input.shape[1];
  const sizes = Array.from({ length: lengths[0] ?? 0 }, (_, t) => lengths.filter((length) => length > t).length);
  const rows = sizes.flatMap((size, t) => Array.from({ length: size }, (_, b) => t * batch + b));
  return new TupleValue([rowsOf(builder, input, rows), builder.ints(sizes)]);
}

/** Sequences side by side again, padded to the longest (or to total_length). */
function unpack(call: Call, builder: Builder): TupleValue {
  const m = new Maths(builder);
  const sizes = knownInts(builder, call.tensor("batch_sizes"));
  if (sizes === null) return unpackPadded(call, builder);
  const data = call.tensor("data");
  const time = Math.max(sizes.length, call.int("total_length"));
  const batch = sizes[0] ?? 0;
  const starts = sizes.map((_, t) => sizes.slice(0, t).reduce((a, b) => a + b, 0));
  const steps = Array.from({ length: time }, (_, t) => t);
  const cells = steps.flatMap((t) =>
    Array.from({ length: batch }, (_, b) => ((sizes[t] ?? 0) > b ? starts[t] + b : -1)),
  );
  const shape = [cells.length, ...data.shape.slice(1)];
  const places = builder.ints(cells.map((cell) => Math.max(cell, 0)));
  const rows = builder.emit("Gather", [data, places], { axis: 0 }, { dtype: data.dtype, shape });
  const flags = cells.map((cell) => (cell < 0 ? 0n : 1n));
  const mask = builder.constant("bool", [cells.length, ...data.shape.slice(1).map(() => 1)], flags);
  const padded = builder.reshape(m.where(mask, rows, Number(call.scalar("padding_value"))), [
    time,
    batch,
    ...data.shape.slice(1),
  ]);
  const lengths = Array.from({ length: batch }, (_, b) => sizes.filter((size) => size > b).length);
  return new TupleValue([call.bool("batch_first") ? swapFirst(builder, padded) : padded, builder.ints(lengths)]);
}

/** Sequences of different lengths in one tensor. */
export const packedSequences: readonly Operator[] = [
  {
    name: "aten::_pack_padded_sequence",
    schemas: ["aten::_pack_padded_sequence(Tensor input, Tensor lengths, bool batch_first) -> (Tensor, Tensor)"],
    doc: "Packs sequences of known lengths.",
    lower: pack,
  },
  {
    name: "aten::_pad_packed_sequence",
    schemas: [
      "aten::_pad_packed_sequence(Tensor data, Tensor batch_sizes, bool batch_first, Scalar padding_value, int total_length) -> (Tensor, Tensor)",
    ],
    doc: "Unpacks sequences of known lengths.",
    lower: unpack,
  },
];
