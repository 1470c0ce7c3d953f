import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { raised, unsupported } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";

function knownInts(builder: Builder, x: TensorValue, what: string): number[] {
  const known = builder.known(x);
  if (known === null) throw unsupported(`${what} that depend on the values of a tensor`);
  return known.map(Number);
}

function rowsOf(builder: Builder, x: TensorValue, rows: readonly number[]): TensorValue {
  const flat = builder.reshape(x, [x.shape[0] * x.shape[1], ...x.shape.slice(2)]);
  const shape = [rows.length, ...x.shape.slice(2)];
  return builder.emit("Gather", [flat, builder.ints(rows)], { axis: 0 }, { dtype: x.dtype, shape });
}

/** The steps of all sequences that are still running, one time after the other. */
function pack(call: Call, builder: Builder): TupleValue {
  const lengths = knownInts(builder, call.tensor("lengths"), "lengths of sequences");
  if (lengths.some((length, i) => i > 0 && length > lengths[i - 1]))
    throw raised("lengths of packed sequences that do not descend");
  const given = call.tensor("input");
  const perm = [1, 0, ...given.shape.slice(2).map((_, i) => i + 2)];
  const input = call.bool("batch_first") ? builder.transpose(given, perm) : given;
  const batch = input.shape[1];
  const sizes = Array.from({ length: lengths[0] ?? 0 }, (_, t) => lengths.filter((length) => length > t).length);
  const rows = sizes.flatMap((size, t) => Array.from({ length: size }, (_, b) => t * batch + b));
  return new TupleValue([rowsOf(builder, input, rows), builder.ints(sizes)]);
}

/** Sequences side by side again, padded to the longest (or to total_length). */
function unpack(call: Call, builder: Builder): TupleValue {
  const m = new Maths(builder);
  const sizes = knownInts(builder, call.tensor("batch_sizes"), "batch sizes");
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
  const perm = [1, 0, ...data.shape.slice(1).map((_, i) => i + 2)];
  return new TupleValue([call.bool("batch_first") ? builder.transpose(padded, perm) : padded, builder.ints(lengths)]);
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
