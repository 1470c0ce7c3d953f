import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { scanRows } from "./iteration.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { flip, sliceAxis } from "./rearrange.ts";
import { reduce } from "./reduce.ts";
import { row } from "./row.ts";

/** y[t] = x[t] − Σ a[k] · y[t − k] for each channel; `flipped` holds the a[k], the last one (a[0]) is 1. */
function filtered(builder: Builder, x: TensorValue, flipped: TensorValue): TensorValue {
  const m = new Maths(builder);
  const [batch, channels] = x.shape;
  const order = flipped.shape[1] - 1;
  if (order === 0) return x;
  const weights = builder.reshape(sliceAxis(builder, flipped, 1, 0, order), [1, channels, order]);
  const past = builder.full(x.dtype, 0n, [batch, channels, order]);
  const steps = scanRows(builder, builder.transpose(x, [2, 0, 1]), [past], ([before], sample) => {
    const output = m.sub(sample, reduce(builder, "ReduceSum", m.mul(before, weights), [2], false));
    const rest = sliceAxis(builder, before, 2, 1, order);
    return { state: [builder.concat([rest, builder.unsqueeze(output, [2])], 2)], output };
  });
  return builder.transpose(steps, [1, 2, 0]);
}

function filterInto(call: Call, builder: Builder): TensorValue {
  const padded = call.tensor("padded");
  const flipped = call.tensor("a_flipped");
  const output = filtered(builder, call.tensor("waveform"), flipped);
  const head = sliceAxis(builder, padded, 2, 0, flipped.shape[1] - 1);
  builder.write(padded, builder.concat([head, output], 2));
  return padded;
}

/** SoX's overdrive after its clipping: what changed since the last sample, with the last output at 0.995. */
function overdriven(call: Call, builder: Builder): TupleValue {
  const m = new Maths(builder);
  const output = call.tensor("output");
  const last = [call.tensor("last_in"), call.tensor("last_out")];
  const rows = builder.transpose(call.tensor("temp"), [1, 0]);
  const steps = scanRows(builder, rows, last, ([input, before], sample) => {
    const next = m.add(m.sub(sample, input), m.mul(before, 0.995));
    return { state: [sample, next], output: next };
  });
  const drive = m.mul(builder.transpose(steps, [1, 0]), 0.75);
  builder.write(output, m.add(m.mul(call.tensor("waveform"), 0.5), drive));
  [rows, steps].forEach((all, i) => builder.write(last[i], lastRow(builder, all)));
  return new TupleValue([...last, output]);
}

function lastRow(builder: Builder, rows: TensorValue): TensorValue {
  const count = rows.shape[0];
  return builder.reshape(sliceAxis(builder, rows, 0, count - 1, count), rows.shape.slice(1));
}

/** Filters of torchaudio whose outputs go on from their own outputs. */
export const recursiveFilters: readonly Operator[] = [
  row(
    "torchaudio::_lfilter_core_loop",
    ["(Tensor waveform, Tensor a_flipped, Tensor(a!) padded) -> Tensor(a!)"],
    "The recursive part of lfilter and of the biquads.",
    filterInto,
  ),
  row(
    "torchaudio::_lfilter",
    ["(Tensor waveform, Tensor a_coeffs, Tensor b_coeffs) -> Tensor"],
    "A recursive filter.",
    (call, builder) => {
      const m = new Maths(builder);
      const [x, a, b] = ["waveform", "a_coeffs", "b_coeffs"].map((name) => call.tensor(name));
      const order = a.shape[1];
      const first = sliceAxis(builder, a, 1, 0, 1);
      const [channels, samples] = x.shape.slice(1);
      const pads = builder.ints([0, 0, order - 1, 0, 0, 0]);
      const long = builder.emit("Pad", [x, pads], {}, { dtype: x.dtype, shape: x.shape.with(2, samples + order - 1) });
      const kernel = builder.unsqueeze(flip(builder, m.div(b, first), [1]), [1]);
      const smooth = builder.emit("Conv", [long, kernel], { group: channels }, { dtype: x.dtype, shape: x.shape });
      return filtered(builder, smooth, flip(builder, m.div(a, first), [1]));
    },
  ),
  row(
    "torchaudio::_overdrive_core_loop",
    [
      "(Tensor waveform, Tensor temp, Tensor(a!) last_in, Tensor(b!) last_out, Tensor(c!) output) -> (Tensor(a!), Tensor(b!), Tensor(c!))",
    ],
    "The recursive part of overdrive.",
    overdriven,
  ),
];
