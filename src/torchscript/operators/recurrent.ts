import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unsupported } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { projectedLstm } from "./lstm-projection.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { lengthsOf } from "./packed-sequences.ts";
import { sliceAxis } from "./rearrange.ts";

export type Kind = "lstm" | "gru" | "rnn_tanh" | "rnn_relu";

/** PyTorch's order of gates as ONNX has them: LSTM i f g o → i o f c, GRU r z n → z r h. */
const gateOrder: Readonly<Record<Kind, readonly number[]>> = {
  lstm: [0, 3, 1, 2],
  gru: [1, 0, 2],
  rnn_tanh: [0],
  rnn_relu: [0],
};

/** Weights of one direction of one layer. */
export interface Weights {
  readonly input: TensorValue;
  readonly hidden: TensorValue;
  readonly inputBias: TensorValue | null;
  readonly hiddenBias: TensorValue | null;
  readonly projection: TensorValue | null;
}

/** One run over [time, batch, size]: all outputs, the last hidden and (LSTM) cell state. */
export interface Run {
  readonly output: TensorValue;
  readonly hidden: TensorValue;
  readonly cell: TensorValue | null;
}

/** Gates of PyTorch's [gates × hidden, …] in ONNX's order, with the direction in front. */
function reorder(builder: Builder, x: TensorValue, kind: Kind): TensorValue {
  const order = gateOrder[kind];
  const size = x.shape[0] / order.length;
  const parts = order.map((gate) => sliceAxis(builder, x, 0, gate * size, (gate + 1) * size));
  return builder.unsqueeze(parts.length === 1 ? parts[0] : builder.concat(parts, 0), [0]);
}

function biases(builder: Builder, weights: Weights, kind: Kind): TensorValue | null {
  const { inputBias, hiddenBias } = weights;
  if (inputBias === null || hiddenBias === null) return null;
  return builder.concat([reorder(builder, inputBias, kind), reorder(builder, hiddenBias, kind)], 1);
}

const operators: Readonly<Record<Kind, string>> = { lstm: "LSTM", gru: "GRU", rnn_tanh: "RNN", rnn_relu: "RNN" };

/** One direction of one layer. `lengths` [batch] int32: sequences end there, and their outputs are 0 after it. */
export function runOnce(
  builder: Builder,
  kind: Kind,
  x: TensorValue,
  w: Weights,
  h: TensorValue,
  c: TensorValue | null,
  reverse: boolean,
  lengths: TensorValue | null,
): Run {
  const [time, batch] = x.shape;
  const hidden = w.hidden.shape[0] / gateOrder[kind].length;
  const states = { dtype: x.dtype, shape: [1, batch, hidden] } as const;
  const inputs = [
    x,
    reorder(builder, w.input, kind),
    reorder(builder, w.hidden, kind),
    biases(builder, w, kind),
    lengths,
    builder.unsqueeze(h, [0]),
    ...(c === null ? [] : [builder.unsqueeze(c, [0])]),
  ];
  const results = [
    { dtype: x.dtype, shape: [time, 1, batch, hidden] } as const,
    states,
    ...(c === null ? [] : [states]),
  ];
  const attributes = {
    hidden_size: hidden,
    direction: reverse ? "reverse" : "forward",
    linear_before_reset: kind === "gru" ? 1 : undefined,
    activations: kind === "rnn_relu" ? { strings: ["Relu"] } : undefined,
  };
  const [output, last, cell = null] = builder.emitMany(operators[kind], inputs, attributes, results);
  const flat = (state: TensorValue) => builder.reshape(state, [batch, hidden]);
  return {
    output: builder.reshape(output, [time, batch, hidden]),
    hidden: flat(last),
    cell: cell === null ? null : flat(cell),
  };
}

interface Stack {
  readonly kind: Kind;
  readonly params: readonly TensorValue[];
  readonly hasBiases: boolean;
  readonly layers: number;
  readonly bidirectional: boolean;
  readonly lengths: TensorValue | null;
}

/** The weights of each direction of each layer, in PyTorch's order. */
function weightsOf(stack: Stack): Weights[] {
  const runs = stack.layers * (stack.bidirectional ? 2 : 1);
  const each = stack.params.length / runs;
  if (!Number.isInteger(each)) throw unsupported(`aten::${stack.kind} with ${stack.params.length} weights`);
  return Array.from({ length: runs }, (_, i) => {
    const own = stack.params.slice(i * each, (i + 1) * each);
    const biased = stack.hasBiases;
    return {
      input: own[0],
      hidden: own[1],
      inputBias: biased ? own[2] : null,
      hiddenBias: biased ? own[3] : null,
      projection: own[biased ? 4 : 2] ?? null,
    };
  });
}

function stateOf(builder: Builder, state: TensorValue, at: number): TensorValue {
  return builder.reshape(sliceAxis(builder, state, 0, at, at + 1), state.shape.slice(1));
}

/** All layers and directions over [time, batch, size]. */
export function runStack(
  builder: Builder,
  stack: Stack,
  input: TensorValue,
  h0: TensorValue,
  c0: TensorValue | null,
): TensorValue[] {
  const directions = stack.bidirectional ? 2 : 1;
  const hidden: TensorValue[] = [];
  const cells: TensorValue[] = [];
  let x = input;
  const weights = weightsOf(stack);
  for (let layer = 0; layer < stack.layers; layer++) {
    const outputs = Array.from({ length: directions }, (_, direction) => {
      const at = layer * directions + direction;
      const [h, c] = [stateOf(builder, h0, at), c0 === null ? null : stateOf(builder, c0, at)];
      const run =
        weights[at].projection === null
          ? runOnce(builder, stack.kind, x, weights[at], h, c, direction === 1, stack.lengths)
          : projectedLstm(builder, x, weights[at], h, c, direction === 1);
      hidden.push(run.hidden);
      if (run.cell !== null) cells.push(run.cell);
      return run.output;
    });
    x = builder.concat(outputs, 2);
  }
  const stacked = (states: readonly TensorValue[]) =>
    builder.concat(
      states.map((state) => builder.unsqueeze(state, [0])),
      0,
    );
  return [x, stacked(hidden), ...(c0 === null ? [] : [stacked(cells)])];
}

function refuseDropout(call: Call): void {
  if (call.bool("train") && call.float("dropout") > 0 && call.int("num_layers") > 1) {
    throw unsupported(`${call.name} with dropout in training mode: the model was saved without eval()`);
  }
}

function stackOf(call: Call, kind: Kind, lengths: TensorValue | null): Stack {
  refuseDropout(call);
  return {
    kind,
    params: call.tensors("params"),
    hasBiases: call.bool("has_biases"),
    layers: call.int("num_layers"),
    bidirectional: call.bool("bidirectional"),
    lengths,
  };
}

function states(call: Call, kind: Kind): [TensorValue, TensorValue | null] {
  if (kind !== "lstm") return [call.tensor("hx"), null];
  const [h, c] = call.tensors("hx");
  return [h, c];
}

function padded(call: Call, builder: Builder, kind: Kind): TupleValue {
  const first = call.bool("batch_first");
  const [h, c] = states(call, kind);
  const single = call.tensor("input").rank === 2;
  const input = single ? builder.unsqueeze(call.tensor("input"), [1]) : call.tensor("input");
  const timeFirst = first && !single ? builder.transpose(input, [1, 0, 2]) : input;
  const state = (x: TensorValue | null) => (x !== null && x.rank === 2 ? builder.unsqueeze(x, [1]) : x);
  const [output, ...rest] = runStack(builder, stackOf(call, kind, null), timeFirst, state(h) ?? h, state(c));
  const ordered = first && !single ? builder.transpose(output, [1, 0, 2]) : output;
  if (!single) return new TupleValue([ordered, ...rest]);
  const drop = (x: TensorValue) => builder.reshape(x, x.shape.toSpliced(1, 1));
  return new TupleValue([drop(output), ...rest.map(drop)]);
}

/** Packed sequences stay [time × batch] where their lengths are not known (see packed-sequences.ts). */
function packedAtRunTime(call: Call, builder: Builder, kind: Kind): TupleValue {
  const [data, sizes] = [call.tensor("data"), call.tensor("batch_sizes")];
  const batch = data.shape[0] / sizes.count;
  const lengths = builder.cast(lengthsOf(new Maths(builder), sizes, batch), "int32");
  const x = builder.reshape(data, [sizes.count, batch, data.shape[1]]);
  const [h, c] = states(call, kind);
  const [output, ...rest] = runStack(builder, stackOf(call, kind, lengths), x, h, c);
  return new TupleValue([builder.reshape(output, [data.shape[0], output.shape[2]]), ...rest]);
}

/** Packed sequences: padded, run with their lengths, and packed again. */
function packed(call: Call, builder: Builder, kind: Kind): TupleValue {
  const sizes = builder.known(call.tensor("batch_sizes"))?.map(Number);
  if (sizes === undefined) return packedAtRunTime(call, builder, kind);
  const data = call.tensor("data");
  const batch = sizes[0] ?? 0;
  const starts = sizes.map((_, t) => sizes.slice(0, t).reduce((a, b) => a + b, 0));
  const rows = sizes.flatMap((size, t) => Array.from({ length: batch }, (_, b) => (b < size ? starts[t] + b : 0)));
  const taken = builder.emit(
    "Gather",
    [data, builder.ints(rows)],
    { axis: 0 },
    { dtype: data.dtype, shape: [rows.length, data.shape[1]] },
  );
  const x = builder.reshape(taken, [sizes.length, batch, data.shape[1]]);
  const lengths = Array.from({ length: batch }, (_, b) => BigInt(sizes.filter((size) => b < size).length));
  const [h, c] = states(call, kind);
  const [output, ...rest] = runStack(
    builder,
    stackOf(call, kind, builder.constant("int32", [batch], lengths)),
    x,
    h,
    c,
  );
  const width = output.shape[2];
  const flat = builder.reshape(output, [sizes.length * batch, width]);
  const kept = sizes.flatMap((size, t) => Array.from({ length: size }, (_, b) => t * batch + b));
  const repacked = builder.emit(
    "Gather",
    [flat, builder.ints(kept)],
    { axis: 0 },
    { dtype: output.dtype, shape: [kept.length, width] },
  );
  return new TupleValue([repacked, ...rest]);
}

const schemas: Readonly<Record<Kind, readonly string[]>> = {
  lstm: [
    "aten::lstm.input(Tensor input, Tensor[] hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, Tensor, Tensor)",
    "aten::lstm.data(Tensor data, Tensor batch_sizes, Tensor[] hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional) -> (Tensor, Tensor, Tensor)",
  ],
  gru: [
    "aten::gru.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, Tensor)",
    "aten::gru.data(Tensor data, Tensor batch_sizes, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional) -> (Tensor, Tensor)",
  ],
  rnn_tanh: [
    "aten::rnn_tanh.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, Tensor)",
    "aten::rnn_tanh.data(Tensor data, Tensor batch_sizes, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional) -> (Tensor, Tensor)",
  ],
  rnn_relu: [
    "aten::rnn_relu.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, Tensor)",
    "aten::rnn_relu.data(Tensor data, Tensor batch_sizes, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional) -> (Tensor, Tensor)",
  ],
};

const kinds: readonly Kind[] = ["lstm", "gru", "rnn_tanh", "rnn_relu"];

/** Recurrent networks over whole sequences. */
export const recurrent: readonly Operator[] = kinds.map((kind) => ({
  name: `aten::${kind}`,
  schemas: schemas[kind],
  doc: "Layers, both directions, batch_first, projections (lstm), packed sequences of known lengths.",
  lower: (call: Call, builder: Builder) =>
    call.overload === "data" ? packed(call, builder, kind) : padded(call, builder, kind),
}));
