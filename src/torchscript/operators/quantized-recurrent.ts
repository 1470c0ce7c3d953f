import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { invalid, unsupported } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import { ListValue, ObjectValue, TupleValue, type Value } from "../value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { dynamicLinear, type Packed, packedIn, packedOf } from "./packed-weights.ts";
import { sliceAxis } from "./rearrange.ts";
import { gruStep, lstmStep } from "./recurrent-cells.ts";
import { row } from "./row.ts";

/** Steps are written out one by one. */
const mostSteps = 2000;

/** The two layers of a cell, and how their inputs are rounded. */
interface Cell {
  readonly input: Packed;
  readonly hidden: Packed;
  /** Null: weights in float16, inputs as they are. */
  readonly reduced: boolean | null;
}

function itemsOf(value: Value | undefined): readonly Value[] {
  if (value instanceof ListValue) return value.content;
  return value instanceof TupleValue ? value.items : [];
}

/** `("quantized_dynamic", [b_ih, b_hh], [], [reduce_range], [w_ih, w_hh])`, as PyTorch saves a cell. */
function cellOf(value: Value, builder: Builder): Cell {
  const state = value instanceof ObjectValue ? itemsOf(value.content.get("state")) : [];
  const [kind, , , flags, weights] = state;
  const [input = null, hidden = null] = itemsOf(weights);
  if (kind !== "quantized_dynamic" && kind !== "quantized_fp16") throw unsupported("a quantised cell of this kind");
  return {
    input: packedIn(input, builder, "a quantised cell"),
    hidden: packedIn(hidden, builder, "a quantised cell"),
    reduced: kind === "quantized_fp16" ? null : itemsOf(flags)[0] === 1n,
  };
}

function apply(builder: Builder, x: TensorValue, packed: Packed, reduced: boolean | null): TensorValue {
  return dynamicLinear(builder, x, packed, reduced ?? false);
}

interface Run {
  readonly outputs: readonly TensorValue[];
  readonly hidden: TensorValue;
  readonly cell: TensorValue | null;
}

/** One direction of a layer: the whole input is rounded at once, the hidden state in each step. */
function run(
  builder: Builder,
  x: TensorValue,
  cell: Cell,
  first: TensorValue,
  c: TensorValue | null,
  back: boolean,
): Run {
  const steps = x.shape[0];
  if (!(steps <= mostSteps)) throw unsupported(`a quantised recurrent layer of ${steps} steps`);
  const gates = apply(builder, x, cell.input, cell.reduced);
  const outputs = Array.from<TensorValue>({ length: steps });
  let [hidden, state] = [first, c];
  for (let i = 0; i < steps; i++) {
    const at = back ? steps - 1 - i : i;
    const own = builder.reshape(sliceAxis(builder, gates, 0, at, at + 1), gates.shape.slice(1));
    const other = apply(builder, hidden, cell.hidden, cell.reduced);
    if (state === null) hidden = gruStep(builder, own, other, hidden);
    else ({ hidden, cell: state } = lstmStep(builder, own, other, state));
    outputs[at] = builder.unsqueeze(hidden, [0]);
  }
  return { outputs, hidden, cell: state };
}

function layers(lstm: boolean): Operator["lower"] {
  return (call, builder) => {
    const batchFirst = call.bool("batch_first");
    const [h, c] = lstm ? call.tensors("hx") : [call.tensor("hx"), null];
    const cells = call.list("params").map((value) => cellOf(value, builder));
    const directions = call.bool("bidirectional") ? 2 : 1;
    if (cells.length !== call.int("num_layers") * directions) throw invalid(`${call.name} with ${cells.length} cells`);
    const swap = (x: TensorValue) => builder.transpose(x, [1, 0, 2]);
    let x = batchFirst ? swap(call.tensor("input")) : call.tensor("input");
    const state = (all: TensorValue, at: number) =>
      builder.reshape(sliceAxis(builder, all, 0, at, at + 1), all.shape.slice(1));
    const last: TensorValue[] = [];
    const lastCells: TensorValue[] = [];
    for (let at = 0; at < cells.length; at += directions) {
      const runs = cells.slice(at, at + directions).map((cell, d) => {
        const own = run(builder, x, cell, state(h, at + d), c && state(c, at + d), d === 1);
        last.push(builder.unsqueeze(own.hidden, [0]));
        if (own.cell !== null) lastCells.push(builder.unsqueeze(own.cell, [0]));
        return builder.concat(own.outputs, 0);
      });
      x = builder.concat(runs, 2);
    }
    const results = [batchFirst ? swap(x) : x, builder.concat(last, 0)];
    return new TupleValue(lstm ? [...results, builder.concat(lastCells, 0)] : results);
  };
}

function single(call: Call, builder: Builder): [TensorValue, (h: TensorValue) => TensorValue] {
  const [input, hidden] = ["w_ih", "w_hh"].map((name) => packedOf(call, builder, name));
  return [apply(builder, call.tensor("input"), input, true), (h) => apply(builder, h, hidden, true)];
}

const tail =
  "Any[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first";
const doc =
  "Inputs rounded to 256 steps between their least and greatest element; weights as floats of their integers.";

/** Recurrent networks whose weights are integers. */
export const quantizedRecurrent: readonly Operator[] = [
  row(
    "aten::quantized_lstm",
    [
      `.input(Tensor input, Tensor[] hx, ${tail}, *, ScalarType? dtype=None, bool use_dynamic=False) -> (Tensor, Tensor, Tensor)`,
    ],
    doc,
    layers(true),
  ),
  row("aten::quantized_gru", [`.input(Tensor input, Tensor hx, ${tail}) -> (Tensor, Tensor)`], doc, layers(false)),
  row(
    "quantized::quantized_lstm_cell_dynamic",
    ["(Tensor input, Tensor[] hx, Any w_ih, Any w_hh, Tensor bias_ih, Tensor bias_hh) -> (Tensor, Tensor)"],
    doc,
    (call, builder) => {
      const [h, c] = call.tensors("hx");
      const [x, of] = single(call, builder);
      const { hidden, cell } = lstmStep(builder, x, of(h), c);
      return new TupleValue([hidden, cell]);
    },
  ),
  row(
    "quantized::quantized_gru_cell_dynamic",
    ["(Tensor input, Tensor hx, Any w_ih, Any w_hh, Tensor b_ih, Tensor b_hh) -> Tensor"],
    doc,
    (call, builder) => {
      const [x, of] = single(call, builder);
      return gruStep(builder, x, of(call.tensor("hx")), call.tensor("hx"));
    },
  ),
  ...(["tanh", "relu"] as const).map((activation) =>
    row(
      `quantized::quantized_rnn_${activation}_cell_dynamic`,
      ["(Tensor input, Tensor hx, Any w_ih, Any w_hh, Tensor b_ih, Tensor b_hh) -> Tensor"],
      doc,
      (call, builder) => {
        const m = new Maths(builder);
        const [x, of] = single(call, builder);
        const sum = m.add(x, of(call.tensor("hx")));
        return m.unary(activation === "tanh" ? "Tanh" : "Relu", sum);
      },
    ),
  ),
];
