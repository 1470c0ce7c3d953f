import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unsupported } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { draw, drawnAnew } from "./random.ts";
import { row } from "./row.ts";

/** Above 0 and below 1, so that logarithms are finite. */
function uniform(m: Maths, shape: readonly number[], dtype: TensorValue["dtype"]): TensorValue {
  const drawn = draw(m.builder, "RandomUniform", shape, dtype);
  return m.min(m.max(drawn, 1e-7), 1 - 1e-7);
}

type Formula = (m: Maths, u: TensorValue, a: number, b: number) => TensorValue;

/** A distribution by the inverse of its distribution function. */
function inverted(name: string, parameters: readonly [string, string?], defaults: string, of: Formula): Operator {
  return row(
    `aten::${name}`,
    [`(Tensor self, ${defaults}, *, Generator? generator=None) -> Tensor`],
    drawnAnew,
    (call, builder) => {
      const m = new Maths(builder);
      const { shape, dtype } = call.tensor("self");
      const [a, b] = parameters;
      return of(m, uniform(m, shape, dtype), call.float(a), b === undefined ? 0 : call.float(b));
    },
  );
}

/** Gumbel's trick: the largest of log p and noise falls on each class with its probability. */
function multinomial(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const self = call.tensor("self");
  const samples = call.int("num_samples");
  const axis = self.rank - 1;
  const noise = (shape: readonly number[]) => m.neg(m.log(m.neg(m.log(uniform(m, shape, self.dtype)))));
  const logs = m.log(self);
  if (call.bool("replacement") && samples > 1) {
    const wide = [...self.shape.slice(0, -1), samples, self.shape[axis]];
    const keys = m.add(builder.unsqueeze(logs, [axis]), noise(wide));
    return builder.emit(
      "ArgMax",
      [keys],
      { axis: axis + 1, keepdims: 0 },
      { dtype: "int64", shape: wide.slice(0, -1) },
    );
  }
  const keys = m.add(logs, noise(self.shape));
  const shape = self.shape.with(axis, samples);
  const results = [{ dtype: self.dtype, shape } as const, { dtype: "int64", shape } as const];
  return builder.emitMany("TopK", [keys, builder.ints([samples])], { axis }, results)[1];
}

function integers(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const { shape, dtype } = call.tensor("self");
  const from = call.has("from") ? call.int("from") : 0;
  const to = call.has("to") ? call.optionalInt("to") : null;
  if (to === null) throw unsupported(`${call.name} without an end`);
  const drawn = draw(builder, "RandomUniform", shape, "float32");
  return builder.cast(m.floor(m.add(m.mul(drawn, to - from), from)), dtype);
}

/** mean + std × noise, either of which may be a tensor. */
function normal(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const [mean, std] = [call.operand("mean"), call.operand("std")];
  const of = call.overload.startsWith("float") ? std : mean;
  const spread = m.mul(draw(builder, "RandomNormal", of.shape, of.dtype), builder.cast(std, of.dtype));
  return m.add(spread, builder.cast(mean, of.dtype));
}

/** Numbers of other distributions. */
export const draws: readonly Operator[] = [
  inverted("exponential", ["lambd"], "float lambd=1", (m, u, rate) => m.div(m.neg(m.log(u)), rate)),
  inverted("geometric", ["p"], "float p", (m, u, p) => m.unary("Ceil", m.div(m.log(u), Math.log(1 - p)))),
  inverted("cauchy", ["median", "sigma"], "float median=0, float sigma=1", (m, u, median, sigma) =>
    m.add(m.mul(m.unary("Tan", m.mul(m.sub(u, 0.5), Math.PI)), sigma), median),
  ),
  row(
    "aten::log_normal",
    ["(Tensor self, float mean=1, float std=2, *, Generator? generator=None) -> Tensor"],
    drawnAnew,
    (call, builder) => {
      const m = new Maths(builder);
      const { shape, dtype } = call.tensor("self");
      const drawn = draw(builder, "RandomNormal", shape, dtype);
      return m.exp(m.add(m.mul(drawn, call.float("std")), call.float("mean")));
    },
  ),
  row(
    "aten::random",
    [
      ".from(Tensor self, int from, int? to, *, Generator? generator=None) -> Tensor",
      ".to(Tensor self, int to, *, Generator? generator=None) -> Tensor",
    ],
    drawnAnew,
    integers,
  ),
  row(
    "aten::multinomial",
    ["(Tensor self, SymInt num_samples, bool replacement=False, *, Generator? generator=None) -> Tensor"],
    drawnAnew,
    multinomial,
  ),
  row(
    "aten::normal",
    [
      ".Tensor_float(Tensor mean, float std=1, *, Generator? generator=None) -> Tensor",
      ".float_Tensor(float mean, Tensor std, *, Generator? generator=None) -> Tensor",
      ".Tensor_Tensor(Tensor mean, Tensor std, *, Generator? generator=None) -> Tensor",
    ],
    drawnAnew,
    normal,
  ),
];
