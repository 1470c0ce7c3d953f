import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import type { TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { gather } from "./gather.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { axesOf, reduce } from "./reduce.ts";
import { softmax } from "./softmax.ts";

/** reduction 0: none, 1: mean, 2: sum. */
export function reduced(builder: Builder, x: TensorValue, reduction: number): TensorValue {
  if (reduction === 0) return x;
  return reduce(builder, reduction === 1 ? "ReduceMean" : "ReduceSum", x, axesOf(null, x.rank), false);
}

type Rule = (m: Maths, x: TensorValue, y: TensorValue, call: Call) => TensorValue;

function smoothL1(m: Maths, x: TensorValue, y: TensorValue, call: Call): TensorValue {
  const beta = call.float("beta");
  const z = m.abs(m.sub(x, y));
  return m.where(m.less(z, beta), m.mul(m.square(z), 0.5 / Math.max(beta, 1e-30)), m.sub(z, 0.5 * beta));
}

function huber(m: Maths, x: TensorValue, y: TensorValue, call: Call): TensorValue {
  const delta = call.float("delta");
  const z = m.abs(m.sub(x, y));
  return m.where(m.lessEqual(z, delta), m.mul(m.square(z), 0.5), m.mul(m.sub(z, 0.5 * delta), delta));
}

function weighted(m: Maths, x: TensorValue, call: Call): TensorValue {
  const weight = call.optionalTensor("weight");
  return weight === null ? x : m.mul(x, weight);
}

/** Logarithms are cut at −100, as PyTorch does. */
function binary(m: Maths, x: TensorValue, y: TensorValue, call: Call): TensorValue {
  const log = (p: TensorValue) => m.max(m.log(p), -100);
  const sum = m.add(m.mul(y, log(x)), m.mul(m.sub(1, y), log(m.sub(1, x))));
  return weighted(m, m.neg(sum), call);
}

function binaryWithLogits(m: Maths, x: TensorValue, y: TensorValue, call: Call): TensorValue {
  const positive = call.optionalTensor("pos_weight");
  const softplus = m.unary("Softplus", m.neg(x));
  const factor = positive === null ? null : m.add(m.mul(m.sub(positive, 1), y), 1);
  const rest = m.mul(m.sub(1, y), x);
  return weighted(m, m.add(rest, factor === null ? softplus : m.mul(factor, softplus)), call);
}

function divergence(m: Maths, x: TensorValue, y: TensorValue, call: Call): TensorValue {
  if (call.bool("log_target")) return m.mul(m.exp(y), m.sub(y, x));
  return m.where(m.greater(y, 0), m.mul(y, m.sub(m.log(y), x)), 0);
}

const pairs: Readonly<Record<string, { schemas: readonly string[]; of: Rule }>> = {
  mse_loss: {
    schemas: ["aten::mse_loss(Tensor self, Tensor target, int reduction=1) -> Tensor"],
    of: (m, x, y) => m.square(m.sub(x, y)),
  },
  l1_loss: {
    schemas: ["aten::l1_loss(Tensor self, Tensor target, int reduction=1) -> Tensor"],
    of: (m, x, y) => m.abs(m.sub(x, y)),
  },
  smooth_l1_loss: {
    schemas: ["aten::smooth_l1_loss(Tensor self, Tensor target, int reduction=1, float beta=1.) -> Tensor"],
    of: smoothL1,
  },
  huber_loss: {
    schemas: ["aten::huber_loss(Tensor self, Tensor target, int reduction=1, float delta=1.) -> Tensor"],
    of: huber,
  },
  binary_cross_entropy: {
    schemas: ["aten::binary_cross_entropy(Tensor self, Tensor target, Tensor? weight=None, int reduction=1) -> Tensor"],
    of: binary,
  },
  binary_cross_entropy_with_logits: {
    schemas: [
      "aten::binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, Tensor? pos_weight=None, int reduction=1) -> Tensor",
    ],
    of: binaryWithLogits,
  },
  kl_div: {
    schemas: ["aten::kl_div(Tensor self, Tensor target, int reduction=1, *, bool log_target=False) -> Tensor"],
    of: divergence,
  },
  soft_margin_loss: {
    schemas: ["aten::soft_margin_loss(Tensor self, Tensor target, int reduction=1) -> Tensor"],
    of: (m, x, y) => m.unary("Softplus", m.neg(m.mul(x, y))),
  },
};

interface Classes {
  /** Log-probabilities [N, C, …]. */
  readonly logs: TensorValue;
  readonly target: TensorValue;
  readonly weight: TensorValue | null;
  readonly ignore: number;
}

/** Negative log-likelihood of each target, and the weight that it counts with. */
function likelihood(m: Maths, { logs, target, weight, ignore }: Classes): { loss: TensorValue; weights: TensorValue } {
  const { builder } = m;
  const axis = logs.rank === 1 ? 0 : 1;
  const counted = m.not(m.equal(target, ignore));
  const safe = m.where(counted, target, 0);
  const picked = builder.reshape(gather(builder, logs, axis, builder.unsqueeze(safe, [axis])), target.shape);
  const own =
    weight === null
      ? builder.full(logs.dtype, 1, target.shape)
      : builder.emit("Gather", [weight, safe], { axis: 0 }, { dtype: logs.dtype, shape: target.shape });
  const weights = m.where(counted, own, 0);
  return { loss: m.neg(m.mul(picked, weights)), weights };
}

function total(builder: Builder, x: TensorValue): TensorValue {
  return reduce(builder, "ReduceSum", x, axesOf(null, x.rank), false);
}

function negativeLogLikelihood(call: Call, builder: Builder): { loss: TensorValue; weight: TensorValue } {
  const m = new Maths(builder);
  const classes = {
    logs: call.tensor("self"),
    target: call.tensor("target"),
    weight: call.optionalTensor("weight"),
    ignore: call.int("ignore_index"),
  };
  const { loss, weights } = likelihood(m, classes);
  const reduction = call.int("reduction");
  const weight = total(builder, weights);
  if (reduction === 0) return { loss, weight };
  return { loss: reduction === 1 ? m.div(total(builder, loss), weight) : total(builder, loss), weight };
}

function crossEntropy(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const [self, target, weight] = [call.tensor("self"), call.tensor("target"), call.optionalTensor("weight")];
  const axis = self.rank === 1 ? 0 : 1;
  const classes = self.shape[axis];
  const [reduction, smoothing] = [call.int("reduction"), call.float("label_smoothing")];
  const logs = softmax(builder, self, axis, "LogSoftmax");
  const wide =
    weight === null
      ? null
      : builder.reshape(
          weight,
          self.shape.map((_, i) => (i === axis ? classes : 1)),
        );
  const weightedLogs = wide === null ? logs : m.mul(logs, wide);
  if (target.shape.join() === self.shape.join() && target.dtype === self.dtype) {
    const goal = m.add(m.mul(target, 1 - smoothing), smoothing / classes);
    const loss = m.neg(reduce(builder, "ReduceSum", m.mul(weightedLogs, goal), [axis], false));
    return reduction === 1 ? m.div(total(builder, loss), self.count / classes) : reduced(builder, loss, reduction);
  }
  const { loss, weights } = likelihood(m, { logs, target, weight, ignore: call.int("ignore_index") });
  const counted = m.not(m.equal(target, call.int("ignore_index")));
  const flat = m.where(counted, m.neg(reduce(builder, "ReduceSum", weightedLogs, [axis], false)), 0);
  const smooth = smoothing === 0 ? loss : m.add(m.mul(loss, 1 - smoothing), m.mul(flat, smoothing / classes));
  return reduction === 1 ? m.div(total(builder, smooth), total(builder, weights)) : reduced(builder, smooth, reduction);
}

/** Loss functions, as some models compute in their forward. */
export const losses: readonly Operator[] = [
  ...Object.entries(pairs).map(([name, { schemas, of }]): Operator => ({
    name: `aten::${name}`,
    schemas,
    doc: "Elementwise, then none, mean or sum.",
    lower: (call, builder) =>
      reduced(builder, of(new Maths(builder), call.tensor("self"), call.tensor("target"), call), call.int("reduction")),
  })),
  {
    name: "aten::cross_entropy_loss",
    schemas: [
      "aten::cross_entropy_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100, float label_smoothing=0.) -> Tensor",
    ],
    doc: "Of class numbers or probabilities, weighted, smoothed.",
    lower: crossEntropy,
  },
  ...Object.entries({
    nll_loss: [
      "aten::nll_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor",
    ],
    nll_loss_nd: [
      "aten::nll_loss_nd(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor",
    ],
    nll_loss2d: [
      "aten::nll_loss2d(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor",
    ],
  }).map(([name, schemas]): Operator => ({
    name: `aten::${name}`,
    schemas,
    doc: "Negative log-likelihood of class numbers.",
    lower: (call, builder) => negativeLogLikelihood(call, builder).loss,
  })),
  ...Object.entries({
    nll_loss_forward: [
      "aten::nll_loss_forward(Tensor self, Tensor target, Tensor? weight, int reduction, SymInt ignore_index) -> (Tensor output, Tensor total_weight)",
    ],
    nll_loss2d_forward: [
      "aten::nll_loss2d_forward(Tensor self, Tensor target, Tensor? weight, int reduction, SymInt ignore_index) -> (Tensor output, Tensor total_weight)",
    ],
  }).map(([name, schemas]): Operator => ({
    name: `aten::${name}`,
    schemas,
    doc: "Negative log-likelihood and the sum of the weights.",
    lower(call, builder) {
      const { loss, weight } = negativeLogLikelihood(call, builder);
      return new TupleValue([loss, weight]);
    },
  })),
];
