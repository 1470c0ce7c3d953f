import type { DType } from "../../graph/dtype.ts";
import { elementOf, type Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unknownSize } from "../extent.ts";
import { raised } from "../lowering-error.ts";
import { isComplex, isFloating, isInteger } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";

/** Ranges up to this length are constants; longer ones are computed when the graph runs. */
const constantRange = 65536;

/** The type that a number has by itself. */
export function defaultType(scalars: readonly (bigint | number | boolean)[]): DType {
  if (scalars.every((scalar) => typeof scalar === "boolean")) return "bool";
  return scalars.every((scalar) => typeof scalar !== "number") ? "int64" : "float32";
}

/** Elements start + i × step. */
export function range(builder: Builder, start: number, step: number, length: number, dtype: DType): TensorValue {
  if (length <= constantRange) {
    const elements = Array.from({ length }, (_, i) => elementOf(dtype, start + i * step));
    return builder.constant(dtype, [length], elements);
  }
  const wide: DType = isFloating(dtype) ? (dtype === "float64" ? "float64" : "float32") : "int64";
  const bounds = [start, start + step * length, step].map((x) => builder.full(wide, x));
  return builder.cast(builder.emit("Range", bounds, {}, { dtype: wide, shape: [length] }), dtype);
}

/** A range whose bounds only running the graph tells. */
function dynamicRange(call: Call, builder: Builder): TensorValue {
  const bounds = [call.has("start") ? call.operand("start") : null, call.operand("end")];
  const step = call.has("step") ? call.operand("step") : null;
  const given = [...bounds, step].filter((bound) => bound !== null);
  const floating = given.some((bound) => isFloating(bound.dtype));
  const wide: DType = floating ? "float64" : "int64";
  const inputs = [bounds[0] ?? builder.full(wide, 0), bounds[1], step ?? builder.full(wide, 1)];
  const range = builder.emit(
    "Range",
    inputs.map((bound) => bound && builder.reshape(builder.cast(bound, wide), [])),
    {},
    { dtype: wide, shape: [unknownSize] },
  );
  return builder.cast(range, call.dtype("dtype") ?? (floating ? "float32" : "int64"));
}

function arange(call: Call, builder: Builder): TensorValue {
  const bounds = ["start", "end", "step"].filter((name) => call.has(name)).map((name) => call.operand(name));
  if (bounds.some((bound) => builder.known(bound) === null)) return dynamicRange(call, builder);
  const start = call.has("start") ? call.scalar("start") : 0n;
  const step = call.has("step") ? call.scalar("step") : 1n;
  const end = call.scalar("end");
  const dtype = call.dtype("dtype") ?? defaultType([start, end, step, 0n]);
  const length = Math.ceil((Number(end) - Number(start)) / Number(step));
  if (!Number.isFinite(length) || length < 0) throw raised("arange with a step that leads away from its end");
  return range(builder, Number(start), Number(step), length, dtype);
}

/** Steps from both ends towards the middle, as PyTorch computes them. */
function evenly(call: Call): number[] {
  const [start, end, steps] = [Number(call.scalar("start")), Number(call.scalar("end")), call.int("steps")];
  const step = (end - start) / Math.max(steps - 1, 1);
  return Array.from({ length: steps }, (_, i) => (i < steps / 2 ? start + step * i : end - step * (steps - 1 - i)));
}

function eye(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const n = call.int("n");
  const columns = call.has("m") ? call.int("m") : n;
  const same = m.equal(
    builder.reshape(range(builder, 0, 1, n, "int64"), [n, 1]),
    range(builder, 0, 1, columns, "int64"),
  );
  return builder.cast(same, call.dtype("dtype") ?? "float32");
}

function triangle(upper: number): Operator["lower"] {
  return (call, builder) => {
    const self = call.tensor("self");
    const k = builder.cast(call.operand("diagonal"), "int64");
    if (isComplex(self.dtype)) {
      const ones = builder.full("float32", 1, self.shape);
      const kept = builder.emit("Trilu", [ones, k], { upper }, { dtype: "float32", shape: self.shape });
      return new Maths(builder).where(kept, self, 0);
    }
    return builder.emit("Trilu", [self, k], { upper }, { dtype: self.dtype, shape: self.shape });
  };
}

function triangleIndices(lower: boolean): Operator["lower"] {
  return (call, builder) => {
    const [rows, columns, offset] = [call.int("row"), call.int("col"), call.int("offset")];
    const cells = Array.from({ length: rows * columns }, (_, i) => [Math.floor(i / columns), i % columns]).filter(
      ([r, c]) => (lower ? c - r <= offset : c - r >= offset),
    );
    const flat = [...cells.map(([r]) => BigInt(r)), ...cells.map(([, c]) => BigInt(c))];
    return builder.cast(builder.constant("int64", [2, cells.length], flat), call.dtype("dtype") ?? "int64");
  };
}

/** Sequences of numbers, and triangles. */
export const ranges: readonly Operator[] = [
  {
    name: "aten::arange",
    schemas: [
      "aten::arange.start_step(Scalar start, Scalar end, Scalar step=1, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
      "aten::arange.start(Scalar start, Scalar end, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
      "aten::arange(Scalar end, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    doc: "start, start + step, … before end.",
    lower: arange,
  },
  {
    name: "aten::linspace",
    schemas: [
      "aten::linspace(Scalar start, Scalar end, int steps, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    doc: "Evenly from start to end.",
    lower(call, builder) {
      const dtype = call.dtype("dtype") ?? "float32";
      const elements = evenly(call).map((x) => elementOf(dtype, isInteger(dtype) ? Math.trunc(x) : x));
      return builder.constant(dtype, [elements.length], elements);
    },
  },
  {
    name: "aten::logspace",
    schemas: [
      "aten::logspace(Scalar start, Scalar end, int steps, float base=10., *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    doc: "Powers of the base, exponents evenly from start to end.",
    lower(call, builder) {
      const dtype = call.dtype("dtype") ?? "float32";
      const elements = evenly(call).map((x) => elementOf(dtype, call.float("base") ** x));
      return builder.constant(dtype, [elements.length], elements);
    },
  },
  {
    name: "aten::eye",
    schemas: [
      "aten::eye(SymInt n, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
      "aten::eye.m(SymInt n, SymInt m, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    doc: "Ones on the diagonal.",
    lower: eye,
  },
  {
    name: "aten::tril",
    schemas: ["aten::tril(Tensor self, SymInt diagonal=0) -> Tensor"],
    doc: "Zero above the diagonal.",
    lower: triangle(0),
  },
  {
    name: "aten::triu",
    schemas: ["aten::triu(Tensor self, SymInt diagonal=0) -> Tensor"],
    doc: "Zero below the diagonal.",
    lower: triangle(1),
  },
  {
    name: "aten::tril_indices",
    schemas: [
      "aten::tril_indices(int row, int col, int offset=0, *, ScalarType? dtype=4, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    doc: "Places on and below the diagonal.",
    lower: triangleIndices(true),
  },
  {
    name: "aten::triu_indices",
    schemas: [
      "aten::triu_indices(int row, int col, int offset=0, *, ScalarType? dtype=4, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    doc: "Places on and above the diagonal.",
    lower: triangleIndices(false),
  },
];
