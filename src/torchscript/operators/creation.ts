import type { DType } from "../../graph/dtype.ts";
import { elementOf, type Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { raised } from "../lowering-error.ts";
import { isComplex, isFloating, isInteger } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { convert } from "./conversions.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";

/** Ranges up to this length are constants; longer ones are computed when the graph runs. */
const constantRange = 65536;

/** The type that a number has by itself. */
function defaultType(scalars: readonly (bigint | number | boolean)[]): DType {
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

function arange(call: Call, builder: Builder): TensorValue {
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

function filled(
  builder: Builder,
  call: Call,
  value: TensorValue | number,
  shape: readonly number[],
  fallback: DType,
): TensorValue {
  const dtype = call.dtype("dtype") ?? fallback;
  if (isComplex(dtype)) {
    const real = typeof value === "number" ? builder.full("float32", value, shape) : builder.expand(value, shape);
    return convert(builder, real, dtype);
  }
  return typeof value === "number"
    ? builder.full(dtype, value, shape)
    : builder.expand(builder.cast(value, dtype), shape);
}

function full(call: Call, builder: Builder): TensorValue {
  const value = call.value("fill_value");
  const operand = call.operand("fill_value");
  const plain = typeof value === "bigint" || typeof value === "number" || typeof value === "boolean";
  const natural: DType = plain ? defaultType([value]) : operand.dtype === "float64" ? "float32" : operand.dtype;
  return filled(builder, call, operand, call.ints("size"), natural);
}

/** Creators that take a size: name, schemas, number. */
const sized: readonly [string, readonly string[], number][] = [
  [
    "zeros",
    [
      "aten::zeros(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    0,
  ],
  [
    "ones",
    [
      "aten::ones(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    1,
  ],
  [
    "empty",
    [
      "aten::empty.memory_format(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
    ],
    0,
  ],
  [
    "empty_strided",
    [
      "aten::empty_strided(SymInt[] size, SymInt[] stride, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    0,
  ],
  [
    "_efficientzerotensor",
    [
      "aten::_efficientzerotensor(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    0,
  ],
];

const like: readonly [string, readonly string[], number][] = [
  [
    "zeros_like",
    [
      "aten::zeros_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
    ],
    0,
  ],
  [
    "ones_like",
    [
      "aten::ones_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
    ],
    1,
  ],
  [
    "empty_like",
    [
      "aten::empty_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
    ],
    0,
  ],
];

const fresh: readonly [string, readonly string[], number][] = [
  [
    "new_zeros",
    [
      "aten::new_zeros(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    0,
  ],
  [
    "new_ones",
    [
      "aten::new_ones(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    1,
  ],
  [
    "new_empty",
    [
      "aten::new_empty(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    0,
  ],
  [
    "new_empty_strided",
    [
      "aten::new_empty_strided(Tensor self, SymInt[] size, SymInt[] stride, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    0,
  ],
];

const constants: readonly Operator[] = [
  ...sized.map(([name, schemas, number]): Operator => ({
    name: `aten::${name}`,
    schemas,
    doc: `Filled with ${number}.`,
    lower: (call, builder) => filled(builder, call, number, call.ints("size"), "float32"),
  })),
  ...like.map(([name, schemas, number]): Operator => ({
    name: `aten::${name}`,
    schemas,
    doc: `Filled with ${number}, shaped like self.`,
    lower: (call, builder) => filled(builder, call, number, call.tensor("self").shape, call.tensor("self").dtype),
  })),
  ...fresh.map(([name, schemas, number]): Operator => ({
    name: `aten::${name}`,
    schemas,
    doc: `Filled with ${number}, of self's type.`,
    lower: (call, builder) => filled(builder, call, number, call.ints("size"), call.tensor("self").dtype),
  })),
  {
    name: "aten::full",
    schemas: [
      "aten::full(SymInt[] size, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    doc: "Filled with a number.",
    lower: full,
  },
  {
    name: "aten::full_like",
    schemas: [
      "aten::full_like(Tensor self, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
    ],
    doc: "Filled with a number, shaped like self.",
    lower(call, builder) {
      const self = call.tensor("self");
      return filled(builder, call, call.operand("fill_value"), self.shape, self.dtype);
    },
  },
  {
    name: "aten::new_full",
    schemas: [
      "aten::new_full(Tensor self, SymInt[] size, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    doc: "Filled with a number, of self's type.",
    lower: (call, builder) =>
      filled(builder, call, call.operand("fill_value"), call.ints("size"), call.tensor("self").dtype),
  },
  {
    name: "aten::scalar_tensor",
    schemas: [
      "aten::scalar_tensor(Scalar s, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    doc: "A number as a 0-dim tensor.",
    lower: (call, builder) => filled(builder, call, call.operand("s"), [], "float32"),
  },
];

const replaced: readonly Operator[] = [
  {
    name: "aten::fill",
    schemas: [
      "aten::fill.Scalar(Tensor self, Scalar value) -> Tensor",
      "aten::fill.Tensor(Tensor self, Tensor value) -> Tensor",
    ],
    doc: "Every element replaced by one.",
    lower: (call, builder) =>
      builder.expand(builder.cast(call.operand("value"), call.tensor("self").dtype), call.tensor("self").shape),
  },
  {
    name: "aten::zero",
    schemas: ["aten::zero(Tensor self) -> Tensor"],
    doc: "Every element replaced by 0.",
    lower: (call, builder) => builder.full(call.tensor("self").dtype, 0, call.tensor("self").shape),
  },
  {
    name: "aten::copy",
    schemas: ["aten::copy(Tensor self, Tensor src, bool non_blocking=False) -> Tensor"],
    doc: "The elements of src in self's type and shape.",
    lower: (call, builder) =>
      builder.expand(builder.cast(call.tensor("src"), call.tensor("self").dtype), call.tensor("self").shape),
  },
];

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
    const k = builder.constant("int64", [], [BigInt(call.int("diagonal"))]);
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

const ranges: readonly Operator[] = [
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

/** New tensors. */
export const creation: readonly Operator[] = [...constants, ...replaced, ...ranges];
