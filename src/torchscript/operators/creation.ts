import type { DType } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { type Extent, extentsOf, sizesTensor } from "../extent.ts";
import { isComplex } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { convert } from "./complex.ts";
import type { Operator } from "./operator.ts";
import { defaultType } from "./ranges.ts";

function filled(
  builder: Builder,
  call: Call,
  value: TensorValue | number,
  shape: readonly Extent[],
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
  return filled(builder, call, operand, call.extents("size"), natural);
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
    "empty_permuted",
    [
      "aten::empty_permuted(SymInt[] size, int[] physical_layout, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
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
    lower: (call, builder) => filled(builder, call, number, call.extents("size"), "float32"),
  })),
  ...like.map(([name, schemas, number]): Operator => ({
    name: `aten::${name}`,
    schemas,
    doc: `Filled with ${number}, shaped like self.`,
    lower: (call, builder) =>
      filled(builder, call, number, extentsOf(builder, call.tensor("self")), call.tensor("self").dtype),
  })),
  ...fresh.map(([name, schemas, number]): Operator => ({
    name: `aten::${name}`,
    schemas,
    doc: `Filled with ${number}, of self's type.`,
    lower: (call, builder) => filled(builder, call, number, call.extents("size"), call.tensor("self").dtype),
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
      return filled(builder, call, call.operand("fill_value"), extentsOf(builder, self), self.dtype);
    },
  },
  {
    name: "aten::new_full",
    schemas: [
      "aten::new_full(Tensor self, SymInt[] size, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    doc: "Filled with a number, of self's type.",
    lower: (call, builder) =>
      filled(builder, call, call.operand("fill_value"), call.extents("size"), call.tensor("self").dtype),
  },
  {
    name: "aten::_shape_as_tensor",
    schemas: ["aten::_shape_as_tensor(Tensor self) -> Tensor"],
    doc: "The shape as a tensor.",
    lower: (call, builder) => builder.wrap(sizesTensor(builder, extentsOf(builder, call.tensor("self")))),
  },
  {
    name: "aten::scalar_tensor",
    schemas: [
      "aten::scalar_tensor(Scalar s, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    ],
    doc: "A number as a 0-dim tensor.",
    lower: (call, builder) => builder.copy(filled(builder, call, call.operand("s"), [], "float32")),
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
      builder.expand(
        builder.cast(call.operand("value"), call.tensor("self").dtype),
        extentsOf(builder, call.tensor("self")),
      ),
  },
  {
    name: "aten::zero",
    schemas: ["aten::zero(Tensor self) -> Tensor"],
    doc: "Every element replaced by 0.",
    lower: (call, builder) => builder.full(call.tensor("self").dtype, 0, extentsOf(builder, call.tensor("self"))),
  },
  {
    name: "aten::copy",
    schemas: ["aten::copy(Tensor self, Tensor src, bool non_blocking=False) -> Tensor"],
    doc: "The elements of src in self's type and shape.",
    lower: (call, builder) =>
      builder.expand(builder.cast(call.tensor("src"), call.tensor("self").dtype), call.tensor("self").shape),
  },
];

/** New tensors. */
export const creation: readonly Operator[] = [...constants, ...replaced];
