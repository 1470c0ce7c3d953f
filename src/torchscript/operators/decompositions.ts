import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { raised, unsupported } from "../lowering-error.ts";
import { normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { conjugate } from "./complex-functions.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { runOnce } from "./recurrent.ts";
import { reduce } from "./reduce.ts";
import { along, type Kind } from "./spectral.ts";

/** `enum class fft_norm_mode`: none, by √n, by n. */
const normModes = ["none", "ortho", "n"] as const;

/** PyTorch's name for the mode: "backward" leaves a transform as it is and divides its inverse, "forward" the other way. */
function normOf(mode: number, inverse: boolean): string {
  const name = normModes[mode];
  if (name === undefined) throw raised(`a Fourier transform with normalization ${mode}`);
  if (name === "ortho") return name;
  return (name === "n") === inverse ? "backward" : "forward";
}

function fourier(call: Call, builder: Builder, kind: Kind, inverse: boolean): TensorValue {
  const self = call.tensor("self");
  const axes = call.ints("dim").map((dim) => normalizeDim(dim, self.rank));
  if (axes.length === 0) return self;
  const sizes = kind === "fromHalf" ? [...axes.slice(1).map(() => -1), call.int("last_dim_size")] : null;
  return along(self, normOf(call.int("normalization"), inverse), builder, axes, sizes, kind, inverse);
}

/** oneDNN's number for an LSTM. */
const lstmMode = 2;

/** One layer in one direction over [time, batch, size]. The fourth result is scratch space, left empty. */
function recurrentLayer(call: Call, builder: Builder): TupleValue {
  if (call.int("mode") !== lstmMode || call.bool("bidirectional") || call.int("num_layers") !== 1) {
    throw unsupported("mkldnn_rnn_layer of anything but one direction of an LSTM");
  }
  if (call.ints("batch_sizes").length > 0) throw unsupported("mkldnn_rnn_layer of packed sequences");
  const turn = (x: TensorValue) => (call.bool("batch_first") ? builder.transpose(x, [1, 0, 2]) : x);
  const bias = (name: string) => (call.bool("has_biases") ? call.tensor(name) : null);
  const weights = {
    input: call.tensor("weight0"),
    hidden: call.tensor("weight1"),
    inputBias: bias("weight2"),
    hiddenBias: bias("weight3"),
    projection: null,
  };
  const x = turn(call.tensor("input"));
  const [h, c] = ["hx_", "cx_"].map((name) => {
    const state = call.tensor(name);
    return builder.reshape(state, state.shape.slice(-2));
  });
  const { output, hidden, cell } = runOnce(builder, "lstm", x, weights, h, c, call.bool("reverse"), null);
  const layer = (state: TensorValue | null) => (state === null ? null : builder.unsqueeze(state, [0]));
  return new TupleValue([turn(output), layer(hidden), layer(cell), builder.constant("uint8", [0], [])]);
}

/** Sums over `sumdim` of i1 × i2 × i3, each with dimensions of size 1 put in at `expand`. */
function trilinear(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const [a, b, c] = [1, 2, 3].map((i) => builder.unsqueeze(call.tensor(`i${i}`), call.ints(`expand${i}`)));
  return reduce(builder, "ReduceSum", m.mul(m.mul(a, b), c), call.ints("sumdim"), false);
}

function conjugateTranspose(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  const perm = self.shape.map((_, axis) => axis);
  perm.push(...perm.splice(-2).toReversed());
  return conjugate(builder, builder.transpose(self, perm));
}

/** What torch.export's older decompositions leave of larger operators. */
export const decompositions: readonly Operator[] = [
  {
    name: "aten::_fft_r2c",
    schemas: ["aten::_fft_r2c(Tensor self, int[] dim, int normalization, bool onesided) -> Tensor"],
    doc: "Fourier transform of real numbers.",
    lower: (call, builder) => fourier(call, builder, call.bool("onesided") ? "toHalf" : "complex", false),
  },
  {
    name: "aten::_fft_c2r",
    schemas: ["aten::_fft_c2r(Tensor self, int[] dim, int normalization, SymInt last_dim_size) -> Tensor"],
    doc: "Inverse Fourier transform to real numbers.",
    lower: (call, builder) => fourier(call, builder, "fromHalf", true),
  },
  {
    name: "aten::_fft_c2c",
    schemas: ["aten::_fft_c2c(Tensor self, SymInt[] dim, int normalization, bool forward) -> Tensor"],
    doc: "Fourier transform and its inverse.",
    lower: (call, builder) => fourier(call, builder, "complex", !call.bool("forward")),
  },
  {
    name: "aten::mkldnn_rnn_layer",
    schemas: [
      "aten::mkldnn_rnn_layer(Tensor input, Tensor weight0, Tensor weight1, Tensor weight2, Tensor weight3, Tensor hx_, Tensor cx_, bool reverse, int[] batch_sizes, int mode, int hidden_size, int num_layers, bool has_biases, bool bidirectional, bool batch_first, bool train) -> (Tensor, Tensor, Tensor, Tensor)",
    ],
    doc: "One direction of one LSTM layer.",
    lower: recurrentLayer,
  },
  {
    name: "aten::_trilinear",
    schemas: [
      "aten::_trilinear(Tensor i1, Tensor i2, Tensor i3, int[] expand1, int[] expand2, int[] expand3, int[] sumdim, int unroll_dim=1) -> Tensor",
    ],
    doc: "Sums of products of three tensors.",
    lower: trilinear,
  },
  ...["aten::mH", "aten::adjoint"].map((name) => ({
    name,
    schemas: [`${name}(Tensor(a) self) -> Tensor(a)`],
    doc: "The last two dimensions swapped, and conjugated.",
    lower: conjugateTranspose,
  })),
];
