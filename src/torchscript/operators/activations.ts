import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { raised, unsupported } from "../lowering-error.ts";
import { isFloating, normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { Maths, toFloat } from "./maths.ts";
import type { Operator } from "./operator.ts";

type Lower = (m: Maths, x: TensorValue, call: Call) => TensorValue;

function same(op: string): Lower {
  return (m, x) => m.unary(op, x);
}

function logSigmoid(m: Maths, x: TensorValue): TensorValue {
  return m.neg(m.unary("Softplus", m.neg(x)));
}

function withFloats(m: Maths, op: string, x: TensorValue, floats: Readonly<Record<string, number>>): TensorValue {
  const attributes = Object.fromEntries(Object.entries(floats).map(([name, float]) => [name, { float }]));
  return m.builder.emit(op, [x], attributes, { dtype: x.dtype, shape: x.shape });
}

/** Smallest and largest number of the integer types; floats have no such bounds. */
const limits: Readonly<Record<string, readonly [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  int16: [-32768, 32767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
};

/** Elements within bounds; bounds beyond what an integer type holds are cut to its limits. */
export function clip(builder: Builder, x: TensorValue, low: number | null, high: number | null): TensorValue {
  const [least, most] = limits[x.dtype] ?? [-Infinity, Infinity];
  const bound = (value: number) => builder.full(x.dtype, Math.min(Math.max(value, least), most));
  // Clip without a bound cuts infinities to the largest finite number.
  if (low === null || high === null) {
    if (low !== null) return builder.elementwise("Max", [x, bound(low)]);
    return high === null ? x : builder.elementwise("Min", [x, bound(high)]);
  }
  return builder.emit("Clip", [x, bound(low), bound(high)], {}, { dtype: x.dtype, shape: x.shape });
}

/** log(1 + exp(x·beta)) / beta; x itself beyond the threshold, where the difference is lost anyway for 20 and more. */
function softplus(m: Maths, x: TensorValue, beta: number, threshold: number): TensorValue {
  const scaled = beta === 1 ? x : m.mul(x, beta);
  const curve = m.unary("Softplus", scaled);
  const result = beta === 1 ? curve : m.div(curve, beta);
  return beta === 1 && threshold >= 20 ? result : m.where(m.greater(scaled, threshold), x, result);
}

function elu(m: Maths, x: TensorValue, call: Call): TensorValue {
  const [alpha, scale, inputScale] = ["alpha", "scale", "input_scale"].map((name) => call.float(name));
  if (scale === 1 && inputScale === 1) return withFloats(m, "Elu", x, { alpha });
  const negative = m.mul(m.sub(m.exp(m.mul(x, inputScale)), 1), alpha * scale);
  return m.where(m.lessEqual(x, 0), negative, m.mul(x, scale));
}

function glu(m: Maths, x: TensorValue, call: Call): TensorValue {
  const axis = normalizeDim(call.int("dim"), x.rank);
  const half = x.shape[axis] / 2;
  if (!Number.isInteger(half)) throw raised(`aten::glu halves an odd dimension of ${x.shape[axis]}`);
  const shape = x.shape.with(axis, half);
  const result = { dtype: x.dtype, shape };
  const [a, b] = m.builder.emitMany("Split", [x, m.builder.ints([half, half])], { axis }, [result, result]);
  return m.mul(a, m.sigmoid(b));
}

function logit(m: Maths, x: TensorValue, call: Call): TensorValue {
  const eps = call.optionalFloat("eps");
  const p = eps === null ? x : clip(m.builder, x, eps, 1 - eps);
  return m.log(m.div(p, m.sub(1, p)));
}

/** `float`: integers are computed as float32; else the element type stays. */
const rules: Readonly<Record<string, { schemas: readonly string[]; doc: string; float?: true; of: Lower }>> = {
  relu: { schemas: ["aten::relu(Tensor self) -> Tensor"], doc: "max(self, 0).", of: same("Relu") },
  relu6: {
    schemas: ["aten::relu6(Tensor self) -> Tensor"],
    doc: "self within 0 and 6.",
    of: (m, x) => clip(m.builder, x, 0, 6),
  },
  silu: {
    schemas: ["aten::silu(Tensor self) -> Tensor"],
    doc: "self × sigmoid(self).",
    of: (m, x) => m.mul(x, m.sigmoid(x)),
  },
  mish: { schemas: ["aten::mish(Tensor self) -> Tensor"], doc: "self × tanh(softplus(self)).", of: same("Mish") },
  selu: { schemas: ["aten::selu(Tensor self) -> Tensor"], doc: "Scaled exponential linear unit.", of: same("Selu") },
  hardswish: {
    schemas: ["aten::hardswish(Tensor self) -> Tensor"],
    doc: "self × relu6(self + 3) / 6.",
    of: same("HardSwish"),
  },
  tanhshrink: {
    schemas: ["aten::tanhshrink(Tensor self) -> Tensor"],
    doc: "self − tanh(self).",
    of: (m, x) => m.sub(x, m.tanh(x)),
  },
  log_sigmoid: {
    schemas: ["aten::log_sigmoid(Tensor self) -> Tensor"],
    doc: "log(sigmoid(self)).",
    of: logSigmoid,
  },
  hardsigmoid: {
    schemas: ["aten::hardsigmoid(Tensor self) -> Tensor"],
    doc: "relu6(self + 3) / 6.",
    of: (m, x) => withFloats(m, "HardSigmoid", x, { alpha: 1 / 6, beta: 0.5 }),
  },
  gelu: {
    schemas: ['aten::gelu(Tensor self, *, str approximate="none") -> Tensor'],
    doc: "Gaussian error linear unit; approximate none and tanh.",
    of: (m, x, call) =>
      m.builder.emit(
        "Gelu",
        [x],
        { approximate: call.optionalString("approximate") ?? "none" },
        { dtype: x.dtype, shape: x.shape },
      ),
  },
  leaky_relu: {
    schemas: ["aten::leaky_relu(Tensor self, Scalar negative_slope=0.01) -> Tensor"],
    doc: "self, times negative_slope below 0.",
    of: (m, x, call) => withFloats(m, "LeakyRelu", x, { alpha: call.float("negative_slope") }),
  },
  elu: {
    schemas: ["aten::elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor"],
    doc: "Exponential linear unit.",
    of: elu,
  },
  celu: {
    schemas: ["aten::celu(Tensor self, Scalar alpha=1.) -> Tensor"],
    doc: "max(0, self) + min(0, alpha × (exp(self / alpha) − 1)).",
    of: (m, x, call) => withFloats(m, "Celu", x, { alpha: call.float("alpha") }),
  },
  hardtanh: {
    schemas: ["aten::hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor"],
    doc: "self within min_val and max_val.",
    of: (m, x, call) => clip(m.builder, x, call.float("min_val"), call.float("max_val")),
  },
  softplus: {
    schemas: ["aten::softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor"],
    doc: "log(1 + exp(self × beta)) / beta, linear beyond the threshold.",
    of: (m, x, call) => softplus(m, x, call.float("beta"), call.float("threshold")),
  },
  threshold: {
    schemas: ["aten::threshold(Tensor self, Scalar threshold, Scalar value) -> Tensor"],
    doc: "self above the threshold, value elsewhere.",
    of: (m, x, call) => m.where(m.lessEqual(x, call.float("threshold")), call.float("value"), x),
  },
  hardshrink: {
    schemas: ["aten::hardshrink(Tensor self, Scalar lambd=0.5) -> Tensor"],
    doc: "0 within ±lambd.",
    of: (m, x, call) => m.where(m.lessEqual(m.abs(x), call.float("lambd")), 0, x),
  },
  softshrink: {
    schemas: ["aten::softshrink(Tensor self, Scalar lambd=0.5) -> Tensor"],
    doc: "self moved towards 0 by lambd, 0 within.",
    of: (m, x, call) => m.mul(m.sign(x), clip(m.builder, m.sub(m.abs(x), call.float("lambd")), 0, null)),
  },
  glu: {
    schemas: ["aten::glu(Tensor self, int dim=-1) -> Tensor"],
    doc: "First half × sigmoid(second half) along dim.",
    of: glu,
  },
  logit: {
    schemas: ["aten::logit(Tensor self, float? eps=None) -> Tensor"],
    doc: "log(self / (1 − self)), clamped by eps.",
    float: true,
    of: logit,
  },
  special_logit: {
    schemas: ["aten::special_logit(Tensor self, float? eps=None) -> Tensor"],
    doc: "log(self / (1 − self)), clamped by eps.",
    float: true,
    of: logit,
  },
};

function rrelu(call: Call, builder: Builder): TensorValue {
  if (call.bool("training")) throw unsupported("aten::rrelu in training mode: its slope is random");
  const alpha = (call.float("lower") + call.float("upper")) / 2;
  return withFloats(new Maths(builder), "LeakyRelu", call.tensor("self"), { alpha });
}

function prelu(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  const weight = call.tensor("weight");
  const shape = weight.count === 1 || self.rank < 2 ? [1] : [weight.count, ...self.shape.slice(2).map(() => 1)];
  const slope = weight.rank > 1 ? weight : builder.reshape(weight, shape);
  return builder.emit("PRelu", [self, slope], {}, { dtype: self.dtype, shape: self.shape });
}

/** Activation functions. */
export const activations: readonly Operator[] = [
  ...Object.entries(rules).map(([name, { schemas, doc, float, of }]) => ({
    name: `aten::${name}`,
    schemas,
    doc,
    lower(call: Call, builder: Builder): TensorValue {
      const self = call.tensor("self");
      return of(new Maths(builder), float && !isFloating(self.dtype) ? toFloat(builder, self) : self, call);
    },
  })),
  {
    name: "aten::rrelu",
    schemas: [
      "aten::rrelu(Tensor self, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool training=False, Generator? generator=None) -> Tensor",
    ],
    doc: "leaky_relu with the mean slope (evaluation only).",
    lower: rrelu,
  },
  {
    name: "aten::rrelu_with_noise",
    schemas: [
      "aten::rrelu_with_noise(Tensor self, Tensor noise, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool training=False, Generator? generator=None) -> Tensor",
    ],
    doc: "As aten::rrelu; the noise stays as it is.",
    lower: rrelu,
  },
  {
    name: "aten::rrelu_with_noise_functional",
    schemas: [
      "aten::rrelu_with_noise_functional(Tensor self, Tensor noise, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool training=False, Generator? generator=None) -> (Tensor, Tensor noise_out)",
    ],
    doc: "As aten::rrelu; the noise stays as it is.",
    lower: (call, builder) => new TupleValue([rrelu(call, builder), call.tensor("noise")]),
  },
  {
    name: "aten::log_sigmoid_forward",
    schemas: ["aten::log_sigmoid_forward(Tensor self) -> (Tensor output, Tensor buffer)"],
    doc: "log_sigmoid; the buffer, which only gradients need, is left out.",
    lower: (call, builder) => new TupleValue([logSigmoid(new Maths(builder), call.tensor("self")), null]),
  },
  {
    name: "aten::prelu",
    schemas: ["aten::prelu(Tensor self, Tensor weight) -> Tensor"],
    doc: "self, times weight (per channel) below 0.",
    lower: prelu,
  },
  {
    name: "aten::_prelu_kernel",
    schemas: ["aten::_prelu_kernel(Tensor self, Tensor weight) -> Tensor"],
    doc: "self, times weight below 0.",
    lower: prelu,
  },
];
