import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { hasUnknown, dimsOf, sizeTensor } from "../extent.ts";
import { raised } from "../lowering-error.ts";
import { normalizeDim } from "../promotion.ts";
import { dynamicSelect, dynamicSlice, selectView, sliceView } from "../slice-view.ts";
import { TensorValue } from "../tensor-value.ts";
import { SymbolicScalar } from "../value.ts";
import type { Operator } from "./operator.ts";
import { row } from "./row.ts";

/** Both ends of a slice, brought inside of the dimension as Python does. */
export function sliceEnds(size: number, start: number | null, end: number | null): [number, number] {
  const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + size : at, 0), size);
  const from = clamp(start ?? 0);
  return [from, Math.max(from, clamp(end ?? size))];
}

function slice(call: Call, builder: Builder): TensorValue {
  const tensor = call.tensor("self");
  const axis = normalizeDim(call.int("dim"), tensor.rank);
  const step = call.int("step");
  if (step < 1) throw raised("the step of a slice must be positive");
  const ends = { start: call.optionalExtent("start"), end: call.optionalExtent("end"), step };
  const bounds = dimsOf([tensor.shape[axis], ends.start ?? 0, ends.end ?? 0]);
  if (hasUnknown(bounds)) return dynamicSlice(builder, tensor, axis, ends);
  const [start, end] = sliceEnds(
    bounds[0],
    ends.start === null ? null : bounds[1],
    ends.end === null ? null : bounds[2],
  );
  return sliceView(builder, tensor, axis, start, end, step);
}

function select(call: Call, builder: Builder): TensorValue {
  const tensor = call.tensor("self");
  const axis = normalizeDim(call.int("dim"), tensor.rank);
  const index = call.value("index");
  const dynamic = index instanceof SymbolicScalar ? index.tensor : index;
  if (dynamic instanceof TensorValue && builder.known(dynamic) === null) {
    return dynamicSelect(builder, tensor, axis, dynamic);
  }
  return selectView(builder, tensor, axis, call.int("index"));
}

function narrow(call: Call, builder: Builder): TensorValue {
  const tensor = call.tensor("self");
  const axis = normalizeDim(call.int("dim"), tensor.rank);
  const length = call.extent("length");
  const given = call.value("start");
  if (typeof length !== "number") {
    const first = call.extent("start");
    const sum = [first, length].map((extent) => sizeTensor(builder, extent));
    const end = builder.emit("Add", sum, {}, { dtype: "int64", shape: [] });
    return dynamicSlice(builder, tensor, axis, { start: first, end: builder.read(end), step: 1 });
  }
  const dynamic = given instanceof SymbolicScalar ? given.tensor : given;
  if (dynamic instanceof TensorValue && builder.known(dynamic) === null) {
    const offsets = builder.ints(Array.from({ length }, (_, i) => i));
    const first = builder.reshape(builder.cast(dynamic, "int64"), []);
    const indices = builder.emit("Add", [first, offsets], {}, { dtype: "int64", shape: [length] });
    return builder.emit(
      "Gather",
      [tensor, indices],
      { axis },
      { dtype: tensor.dtype, shape: tensor.shape.with(axis, length) },
    );
  }
  if (Number.isNaN(tensor.shape[axis])) {
    const start = call.int("start");
    const end = start < 0 && start + length === 0 ? null : start + length;
    return dynamicSlice(builder, tensor, axis, { start, end, step: 1 }, length);
  }
  const start = call.int("start");
  const from = start < 0 ? start + tensor.shape[axis] : start;
  if (from < 0 || length < 0 || from + length > tensor.shape[axis]) {
    throw raised(
      `narrow from ${start} by ${length} is out of range for dimension ${axis} of size ${tensor.shape[axis]}`,
    );
  }
  return sliceView(builder, tensor, axis, from, from + length, 1);
}

/** Ranges and single indices of a dimension, as views. */
export const slices: readonly Operator[] = [
  row(
    "aten::slice",
    [".Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor(a)"],
    "A range of one dimension.",
    slice,
  ),
  row(
    "aten::narrow",
    [
      "(Tensor(a) self, int dim, SymInt start, SymInt length) -> Tensor(a)",
      ".Tensor(Tensor(a) self, int dim, Tensor start, SymInt length) -> Tensor(a)",
    ],
    "A range of one dimension, by start and length.",
    narrow,
  ),
  row(
    "aten::select",
    [".int(Tensor(a) self, int dim, SymInt index) -> Tensor(a)"],
    "One index of a dimension, which disappears; the index may depend on tensor values.",
    select,
  ),
];
