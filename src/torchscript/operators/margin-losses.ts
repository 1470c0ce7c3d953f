import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import type { TensorValue } from "../tensor-value.ts";
import { gather } from "./gather.ts";
import { reduced } from "./losses.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { range } from "./ranges.ts";
import { reduce } from "./reduce.ts";
import { row } from "./row.ts";
import { vectorNorm } from "./vector-norms.ts";

function poisson(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const [x, y] = [call.tensor("input"), call.tensor("target")];
  const logarithm = (z: TensorValue, eps: number) => m.log(m.add(z, eps));
  let loss = call.bool("log_input")
    ? m.sub(m.exp(x), m.mul(y, x))
    : m.sub(x, m.mul(y, logarithm(x, call.float("eps"))));
  if (call.bool("full")) {
    const safe = m.max(y, 1);
    const stirling = m.add(m.sub(m.mul(safe, m.log(safe)), safe), m.mul(m.log(m.mul(safe, 2 * Math.PI)), 0.5));
    loss = m.add(loss, m.where(m.greater(y, 1), stirling, 0));
  }
  return reduced(builder, loss, call.int("reduction"));
}

/** 1 − cos for targets of 1, cos beyond the margin for −1. */
function cosineEmbedding(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const [a, b, target] = [call.tensor("input1"), call.tensor("input2"), call.tensor("target")];
  const sum = (x: TensorValue) => reduce(builder, "ReduceSum", x, [x.rank - 1], false);
  const size = (x: TensorValue) => m.add(sum(m.square(x)), 1e-12);
  const cosine = m.div(sum(m.mul(a, b)), m.sqrt(m.mul(size(a), size(b))));
  const apart = m.max(m.sub(cosine, call.float("margin")), 0);
  const loss = m.where(m.equal(target, 1), m.sub(1, cosine), m.where(m.equal(target, -1), apart, 0));
  return reduced(builder, loss, call.int("reduction"));
}

/** Σ max(0, margin − x[y] + x[i])^p / classes over the other classes. */
function multiMargin(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const [given, targets] = [call.tensor("self"), call.tensor("target")];
  const x = given.rank === 1 ? builder.unsqueeze(given, [0]) : given;
  const [rows, classes] = x.shape;
  const y = builder.reshape(targets, [rows, 1]);
  let terms = m.max(m.add(m.sub(x, gather(builder, x, 1, y)), Number(call.scalar("margin"))), 0);
  if (Number(call.scalar("p")) === 2) terms = m.square(terms);
  const weight = call.optionalTensor("weight");
  if (weight !== null) {
    terms = m.mul(terms, builder.emit("Gather", [weight, y], { axis: 0 }, { dtype: weight.dtype, shape: y.shape }));
  }
  const others = m.not(m.equal(range(builder, 0, 1, classes, "int64"), y));
  const loss = m.div(reduce(builder, "ReduceSum", m.where(others, terms, 0), [1], false), classes);
  const shaped = given.rank === 1 ? builder.reshape(loss, []) : loss;
  return reduced(builder, shaped, call.int("reduction"));
}

/** Targets are the classes up to the first −1; every other class should stay below each of them by 1. */
function multiLabelMargin(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const [given, targets] = [call.tensor("self"), call.tensor("target")];
  const [x, y] = given.rank < 2 ? [given, targets].map((t) => builder.reshape(t, [1, t.count])) : [given, targets];
  const [, classes] = x.shape;
  const negative = builder.cast(m.less(y, 0), "int64");
  const axis = builder.constant("int64", [], [1n]);
  const ended = builder.emit("CumSum", [negative, axis], {}, { dtype: "int64", shape: y.shape });
  const valid = m.equal(ended, 0);
  const hits = m.and(
    builder.unsqueeze(valid, [2]),
    m.equal(builder.unsqueeze(y, [2]), range(builder, 0, 1, classes, "int64")),
  );
  const named = builder.cast(reduce(builder, "ReduceMax", builder.cast(hits, "int64"), [1], false), "bool");
  const own = builder.unsqueeze(gather(builder, x, 1, m.max(y, 0)), [2]);
  const terms = m.max(m.add(m.sub(builder.unsqueeze(x, [1]), own), 1), 0);
  const counted = m.and(builder.unsqueeze(valid, [2]), builder.unsqueeze(m.not(named), [1]));
  const loss = m.div(reduce(builder, "ReduceSum", m.where(counted, terms, 0), [1, 2], false), classes);
  return reduced(builder, given.rank < 2 ? builder.reshape(loss, []) : loss, call.int("reduction"));
}

/** Losses with margins, and of counts. */
export const marginLosses: readonly Operator[] = [
  row(
    "aten::poisson_nll_loss",
    ["(Tensor input, Tensor target, bool log_input, bool full, float eps, int reduction) -> Tensor"],
    "Negative log likelihood of counts.",
    poisson,
  ),
  row(
    "aten::cosine_embedding_loss",
    ["(Tensor input1, Tensor input2, Tensor target, float margin=0., int reduction=1) -> Tensor"],
    "By the cosine of two vectors.",
    cosineEmbedding,
  ),
  row(
    "aten::multi_margin_loss",
    ["(Tensor self, Tensor target, Scalar p=1, Scalar margin=1, Tensor? weight=None, int reduction=1) -> Tensor"],
    "Margin to one class.",
    multiMargin,
  ),
  row(
    "aten::multilabel_margin_loss",
    ["(Tensor self, Tensor target, int reduction=1) -> Tensor"],
    "Margin to several classes.",
    multiLabelMargin,
  ),
  row(
    "aten::triplet_margin_loss",
    [
      "(Tensor anchor, Tensor positive, Tensor negative, float margin=1., float p=2., float eps=9.9999999999999995e-07, bool swap=False, int reduction=1) -> Tensor",
    ],
    "The positive nearer than the negative, by a margin.",
    (call, builder) => {
      const m = new Maths(builder);
      const distance = (a: TensorValue, b: TensorValue) =>
        vectorNorm(builder, m.add(m.sub(a, b), call.float("eps")), call.float("p"), [a.rank - 1], false);
      const [a, p, n] = ["anchor", "positive", "negative"].map((name) => call.tensor(name));
      const far = call.bool("swap") ? m.min(distance(a, n), distance(p, n)) : distance(a, n);
      return reduced(builder, m.max(m.add(m.sub(distance(a, p), far), call.float("margin")), 0), call.int("reduction"));
    },
  ),
  row(
    "aten::margin_ranking_loss",
    ["(Tensor input1, Tensor input2, Tensor target, float margin=0., int reduction=1) -> Tensor"],
    "The order of two inputs, by a margin.",
    (call, builder) => {
      const m = new Maths(builder);
      const [a, b, y] = ["input1", "input2", "target"].map((name) => call.tensor(name));
      return reduced(
        builder,
        m.max(m.add(m.mul(m.neg(y), m.sub(a, b)), call.float("margin")), 0),
        call.int("reduction"),
      );
    },
  ),
  row(
    "aten::hinge_embedding_loss",
    ["(Tensor self, Tensor target, float margin=1., int reduction=1) -> Tensor"],
    "self where the target is 1, margin − self where it is −1.",
    (call, builder) => {
      const m = new Maths(builder);
      const [x, y] = [call.tensor("self"), call.tensor("target")];
      const far = m.where(m.equal(y, 1), 0, m.max(m.sub(call.float("margin"), x), 0));
      return reduced(builder, m.add(far, m.where(m.equal(y, -1), 0, x)), call.int("reduction"));
    },
  ),
];
