import type { DType } from "../../graph/dtype.ts";
import { onnxType } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unsupported } from "../lowering-error.ts";
import { isFloating } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";

type Kind = "RandomUniform" | "RandomNormal";

/** Random numbers as ONNX Runtime draws them: other ones than PyTorch's, and others in each run. */
export function draw(builder: Builder, kind: Kind, shape: readonly number[], dtype: DType): TensorValue {
  const drawn = builder.emit(kind, [], { shape: [...shape], dtype: onnxType("float32") }, { dtype: "float32", shape });
  return builder.cast(drawn, isFloating(dtype) ? dtype : "float32");
}

function sized(kind: Kind): Operator["lower"] {
  return (call, builder) => draw(builder, kind, call.ints("size"), call.dtype("dtype") ?? "float32");
}

function like(kind: Kind): Operator["lower"] {
  return (call, builder) =>
    draw(builder, kind, call.tensor("self").shape, call.dtype("dtype") ?? call.tensor("self").dtype);
}

function between(call: Call, builder: Builder, shape: readonly number[], dtype: DType): TensorValue {
  const m = new Maths(builder);
  const low = call.has("low") ? call.int("low") : 0;
  const uniform = draw(builder, "RandomUniform", shape, "float32");
  return builder.cast(m.floor(m.add(m.mul(uniform, call.int("high") - low), low)), dtype);
}

/** 1 with the probability that the element says. */
function bernoulli(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  const p = call.has("p") ? call.float("p") : self;
  return builder.cast(m.less(draw(builder, "RandomUniform", self.shape, "float32"), p), self.dtype);
}

function scaled(
  kind: Kind,
  first: string,
  second: string,
  formula: (m: Maths, x: TensorValue, a: number, b: number) => TensorValue,
): Operator["lower"] {
  return (call, builder) => {
    const self = call.tensor("self");
    return formula(
      new Maths(builder),
      draw(builder, kind, self.shape, self.dtype),
      call.float(first),
      call.float(second),
    );
  };
}

function permutation(call: Call, builder: Builder): TensorValue {
  const n = call.int("n");
  const keys = draw(builder, "RandomUniform", [n], "float32");
  const results = [{ dtype: "float32", shape: [n] } as const, { dtype: "int64", shape: [n] } as const];
  return builder.emitMany("TopK", [keys, builder.ints([n])], { axis: 0 }, results)[1];
}

export const drawnAnew = "Drawn anew in each run, so that results differ from PyTorch's.";

/** Random numbers, and dropout, which draws none in evaluation. */
export const randomNumbers: readonly Operator[] = [
  {
    name: "aten::rand",
    schemas: [
      "aten::rand(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
      "aten::rand.generator(SymInt[] size, *, Generator? generator, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    doc: drawnAnew,
    lower: sized("RandomUniform"),
  },
  {
    name: "aten::randn",
    schemas: [
      "aten::randn(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
      "aten::randn.generator(SymInt[] size, *, Generator? generator, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    doc: drawnAnew,
    lower: sized("RandomNormal"),
  },
  {
    name: "aten::rand_like",
    schemas: [
      "aten::rand_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
    ],
    doc: drawnAnew,
    lower: like("RandomUniform"),
  },
  {
    name: "aten::randn_like",
    schemas: [
      "aten::randn_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
    ],
    doc: drawnAnew,
    lower: like("RandomNormal"),
  },
  {
    name: "aten::randint",
    schemas: [
      "aten::randint(SymInt high, SymInt[] size, *, ScalarType? dtype=4, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
      "aten::randint.low(SymInt low, SymInt high, SymInt[] size, *, ScalarType? dtype=4, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    doc: drawnAnew,
    lower: (call, builder) => between(call, builder, call.ints("size"), call.dtype("dtype") ?? "int64"),
  },
  {
    name: "aten::randint_like",
    schemas: [
      "aten::randint_like(Tensor self, SymInt high, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
      "aten::randint_like.low_dtype(Tensor self, SymInt low, SymInt high, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
    ],
    doc: drawnAnew,
    lower: (call, builder) =>
      between(call, builder, call.tensor("self").shape, call.dtype("dtype") ?? call.tensor("self").dtype),
  },
  {
    name: "aten::randperm",
    schemas: [
      "aten::randperm(SymInt n, *, ScalarType? dtype=4, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    doc: drawnAnew,
    lower: permutation,
  },
  {
    name: "aten::bernoulli",
    schemas: [
      "aten::bernoulli(Tensor self, *, Generator? generator=None) -> Tensor",
      "aten::bernoulli.p(Tensor self, float p, *, Generator? generator=None) -> Tensor",
    ],
    doc: drawnAnew,
    lower: bernoulli,
  },
  ...["normal", "normal_functional"].map((name): Operator => ({
    name: `aten::${name}`,
    schemas: [`aten::${name}(Tensor self, float mean=0, float std=1, *, Generator? generator=None) -> Tensor`],
    doc: drawnAnew,
    lower: scaled("RandomNormal", "mean", "std", (m, x, mean, std) => m.add(m.mul(x, std), mean)),
  })),
  {
    name: "aten::uniform",
    schemas: ["aten::uniform(Tensor self, float from=0, float to=1, *, Generator? generator=None) -> Tensor"],
    doc: drawnAnew,
    lower: scaled("RandomUniform", "from", "to", (m, x, from, to) => m.add(m.mul(x, to - from), from)),
  },
  ...["dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"].map((name): Operator => ({
    name: `aten::${name}`,
    schemas: [`aten::${name}(Tensor input, float p, bool train) -> Tensor`],
    doc: "The input itself; refused in training mode.",
    lower(call) {
      if (call.bool("train") && call.float("p") > 0) {
        throw unsupported(`aten::${name} in training mode: the model was saved without eval()`);
      }
      return call.tensor("input");
    },
  })),
];
