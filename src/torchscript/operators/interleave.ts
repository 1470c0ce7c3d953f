import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { extentsOf, unknownSize } from "../extent.ts";
import { normalizeDim } from "../promotion.ts";
import { positions } from "../slice-view.ts";
import { TensorValue } from "../tensor-value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";
import { range } from "./ranges.ts";
import { takeAxis } from "./rearrange.ts";
import { reduce } from "./reduce.ts";
import { cumulativeSum } from "./scans.ts";

function interleave(call: Call, builder: Builder): TensorValue {
  const counts = call.has("self") ? null : call.tensor("repeats");
  const given = counts === null ? call.tensor("self") : range(builder, 0, 1, counts.count, counts.dtype);
  const dim = counts === null ? call.optionalInt("dim") : 0;
  const self = dim === null ? builder.reshape(given, [given.count]) : given;
  const axis = dim === null ? 0 : normalizeDim(dim, self.rank);
  const size = self.shape[axis];
  const repeats = call.has("repeats") ? call.value("repeats") : null;
  if (repeats instanceof TensorValue && repeats.count !== 1 && builder.known(repeats) === null)
    return interleaveBy(builder, self, axis, repeats);
  if (Number.isNaN(size))
    return interleaveBy(builder, self, axis, builder.expand(call.operand("repeats"), [extentsOf(builder, self)[axis]]));
  const times = call.list("repeats").length === 0 ? [1] : repeatsOf(call, builder);
  const order = Array.from({ length: size }, (_, i) => i).flatMap((i) =>
    Array.from<number>({ length: times.length === 1 ? times[0] : times[i] }).fill(i),
  );
  return takeAxis(builder, self, axis, order);
}

/** Each element as often as a tensor says. */
function interleaveBy(builder: Builder, x: TensorValue, axis: number, repeats: TensorValue): TensorValue {
  const m = new Maths(builder);
  const ends = cumulativeSum(builder, builder.cast(repeats, "int64"), 0);
  const total = reduce(builder, "ReduceSum", builder.cast(repeats, "int64"), [0], false);
  const places = positions(builder, builder.read(total));
  const passed = builder.cast(m.lessEqual(builder.unsqueeze(ends, [0]), builder.unsqueeze(places, [1])), "int64");
  const order = reduce(builder, "ReduceSum", passed, [1], false);
  return builder.emit("Gather", [x, order], { axis }, { dtype: x.dtype, shape: x.shape.with(axis, unknownSize) });
}

function repeatsOf(call: Call, builder: Builder): number[] {
  if (call.overload === "self_int") return [call.int("repeats")];
  const known = builder.known(call.tensor("repeats"));
  if (known === null) return [call.int("repeats")];
  return known.map(Number);
}

/** Elements repeated in place. */
export const interleaving: readonly Operator[] = [
  {
    name: "aten::repeat_interleave",
    schemas: [
      "aten::repeat_interleave.Tensor(Tensor repeats, *, SymInt? output_size=None) -> Tensor",
      "aten::repeat_interleave.self_int(Tensor self, SymInt repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor",
      "aten::repeat_interleave.self_Tensor(Tensor self, Tensor repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor",
    ],
    doc: "Each element several times.",
    lower: interleave,
  },
];
