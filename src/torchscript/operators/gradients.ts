import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unsupported } from "../lowering-error.ts";
import { normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { ListValue } from "../value.ts";
import { Maths, toFloat } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { sliceAxis } from "./rearrange.ts";
import { row } from "./row.ts";

/** Central differences inside, one-sided ones of the first or second order at the ends. */
function gradient(m: Maths, x: TensorValue, axis: number, spacing: number, order: number): TensorValue {
  const { builder } = m;
  const n = x.shape[axis];
  if (n < order + 1) throw unsupported(`the gradient of ${n} elements`);
  const at = (from: number, to: number) => sliceAxis(builder, x, axis, from, to);
  const one = (i: number) => at(i, i + 1);
  const inner = m.div(m.sub(at(2, n), at(0, n - 2)), 2 * spacing);
  const edge = (a: number, b: number, c: number, sign: number) =>
    order === 1
      ? m.div(m.sub(one(b), one(a)), sign * spacing)
      : m.div(m.sub(m.sub(m.mul(one(b), 4), m.mul(one(a), 3)), one(c)), 2 * sign * spacing);
  return builder.concat(
    [edge(0, 1, 2, 1), inner, edge(n - 1, n - 2, n - 3, -1)].filter((part) => part.count > 0),
    axis,
  );
}

function lower(call: Call, builder: Builder): ListValue {
  const m = new Maths(builder);
  const self = toFloat(builder, call.tensor("self"));
  const dims = call.has("dim") ? call.optionalInts("dim") : null;
  const axes = (dims ?? self.shape.map((_, axis) => axis)).map((dim) => normalizeDim(dim, self.rank));
  const given = call.has("spacing") && call.value("spacing") !== null ? call.floats("spacing") : [1];
  const order = call.int("edge_order");
  return new ListValue(axes.map((axis, i) => gradient(m, self, axis, given[given.length > 1 ? i : 0], order)));
}

/** Numerical derivatives. */
export const gradients: readonly Operator[] = [
  row(
    "aten::gradient",
    [
      ".scalarint(Tensor self, *, Scalar? spacing=None, int? dim=None, int edge_order=1) -> Tensor[]",
      ".scalararray(Tensor self, *, Scalar spacing, int[] dim, int edge_order=1) -> Tensor[]",
      ".array(Tensor self, *, int[] dim, int edge_order=1) -> Tensor[]",
      ".scalarrayint(Tensor self, *, Scalar[] spacing, int? dim=None, int edge_order=1) -> Tensor[]",
      ".scalarrayarray(Tensor self, *, Scalar[] spacing, int[] dim, int edge_order=1) -> Tensor[]",
    ],
    "Differences of neighbours, of even spacing.",
    lower,
  ),
];
