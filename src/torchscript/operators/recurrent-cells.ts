import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { linear } from "./products.ts";
import type { Weights } from "./recurrent.ts";

/** The gates of one step: input × Wᵀ + b + hidden × Uᵀ + b′, each gate its own tensor. */
function split(builder: Builder, x: TensorValue, gates: number): TensorValue[] {
  const axis = x.rank - 1;
  const size = x.shape[axis] / gates;
  const part = { dtype: x.dtype, shape: x.shape.with(axis, size) };
  if (gates === 1) return [x];
  const sizes = builder.ints(Array.from<number>({ length: gates }).fill(size));
  return builder.emitMany("Split", [x, sizes], { axis }, Array.from<typeof part>({ length: gates }).fill(part));
}

function both(
  builder: Builder,
  x: TensorValue,
  h: TensorValue,
  w: Weights,
  gates: number,
): [TensorValue[], TensorValue[]] {
  return [
    split(builder, linear(builder, x, w.input, w.inputBias), gates),
    split(builder, linear(builder, h, w.hidden, w.hiddenBias), gates),
  ];
}

/** One step from what input and hidden state give: all gates of each in one tensor. */
export function lstmStep(
  builder: Builder,
  x: TensorValue,
  h: TensorValue,
  c: TensorValue,
): { hidden: TensorValue; cell: TensorValue } {
  return lstmOf(builder, split(builder, x, 4), split(builder, h, 4), c);
}

function lstmOf(builder: Builder, a: readonly TensorValue[], b: readonly TensorValue[], c: TensorValue) {
  const m = new Maths(builder);
  const [i, f, g, o] = a.map((gate, at) => m.add(gate, b[at]));
  const cell = m.add(m.mul(m.sigmoid(f), c), m.mul(m.sigmoid(i), m.tanh(g)));
  return { hidden: m.mul(m.sigmoid(o), m.tanh(cell)), cell };
}

/** One step from what input and hidden state give: all gates of each in one tensor. */
export function gruStep(builder: Builder, x: TensorValue, h: TensorValue, state: TensorValue): TensorValue {
  return gruOf(builder, split(builder, x, 3), split(builder, h, 3), state);
}

function gruOf(
  builder: Builder,
  a: readonly TensorValue[],
  b: readonly TensorValue[],
  state: TensorValue,
): TensorValue {
  const m = new Maths(builder);
  const reset = m.sigmoid(m.add(a[0], b[0]));
  const update = m.sigmoid(m.add(a[1], b[1]));
  const fresh = m.tanh(m.add(a[2], m.mul(reset, b[2])));
  return m.add(fresh, m.mul(update, m.sub(state, fresh)));
}

export function lstmCell(
  builder: Builder,
  x: TensorValue,
  h: TensorValue,
  c: TensorValue,
  w: Weights,
): { hidden: TensorValue; cell: TensorValue } {
  const [a, b] = both(builder, x, h, w, 4);
  return lstmOf(builder, a, b, c);
}

function gruCell(builder: Builder, x: TensorValue, h: TensorValue, w: Weights): TensorValue {
  const [a, b] = both(builder, x, h, w, 3);
  return gruOf(builder, a, b, h);
}

function plainCell(builder: Builder, x: TensorValue, h: TensorValue, w: Weights, activation: string): TensorValue {
  const m = new Maths(builder);
  const [[a], [b]] = both(builder, x, h, w, 1);
  return m.unary(activation, m.add(a, b));
}

function weightsOf(call: Call): Weights {
  return {
    input: call.tensor("w_ih"),
    hidden: call.tensor("w_hh"),
    inputBias: call.optionalTensor("b_ih"),
    hiddenBias: call.optionalTensor("b_hh"),
    projection: null,
  };
}

/** Single steps of recurrent networks. */
export const recurrentCells: readonly Operator[] = [
  {
    name: "aten::lstm_cell",
    schemas: [
      "aten::lstm_cell(Tensor input, Tensor[] hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> (Tensor, Tensor)",
    ],
    doc: "One step of an LSTM.",
    lower(call, builder) {
      const [h, c] = call.tensors("hx");
      const { hidden, cell } = lstmCell(builder, call.tensor("input"), h, c, weightsOf(call));
      return new TupleValue([hidden, cell]);
    },
  },
  {
    name: "aten::gru_cell",
    schemas: [
      "aten::gru_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor",
    ],
    doc: "One step of a GRU.",
    lower: (call, builder) => gruCell(builder, call.tensor("input"), call.tensor("hx"), weightsOf(call)),
  },
  {
    name: "aten::rnn_tanh_cell",
    schemas: [
      "aten::rnn_tanh_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor",
    ],
    doc: "One step of a plain recurrent network.",
    lower: (call, builder) => plainCell(builder, call.tensor("input"), call.tensor("hx"), weightsOf(call), "Tanh"),
  },
  {
    name: "aten::rnn_relu_cell",
    schemas: [
      "aten::rnn_relu_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor",
    ],
    doc: "One step of a plain recurrent network.",
    lower: (call, builder) => plainCell(builder, call.tensor("input"), call.tensor("hx"), weightsOf(call), "Relu"),
  },
];
