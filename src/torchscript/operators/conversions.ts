import type { DType } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { isContiguous, type TensorValue } from "../tensor-value.ts";
import { TupleValue } from "../value.ts";
import { convert } from "./complex.ts";
import type { Operator } from "./operator.ts";

/** `Tensor.to`: the tensor itself where nothing changes and no copy is asked for. */
function to(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  const dtype = call.dtype("dtype") ?? call.optionalTensor("other")?.dtype ?? self.dtype;
  if (dtype === self.dtype) return call.bool("copy") ? builder.copy(self) : self;
  return convert(builder, self, dtype);
}

function itself(name: string, schemas: readonly string[], doc: string): Operator {
  return { name: `aten::${name}`, schemas, doc, lower: (call) => call.tensor("self") };
}

function asType(name: string, dtype: DType): Operator {
  return {
    name: `aten::${name}`,
    schemas: [`aten::${name}(Tensor self, bool non_blocking=False) -> Tensor`],
    doc: `As ${dtype}.`,
    lower: (call, builder) => convert(builder, call.tensor("self"), dtype),
  };
}

/** Conversions, and what only marks or copies a tensor. */
export const conversions: readonly Operator[] = [
  {
    name: "aten::to",
    schemas: [
      "aten::to.device(Tensor(a) self, Device device, ScalarType dtype, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)",
      "aten::to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)",
      "aten::to.other(Tensor(a) self, Tensor other, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)",
      "aten::to.dtype_layout(Tensor(a) self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)",
      "aten::to.prim_Device(Tensor(a) self, Device? device, int? dtype=None, bool non_blocking=False, bool copy=False) -> Tensor(b|a)",
      "aten::to.prim_dtype(Tensor(a) self, int? dtype=None, bool non_blocking=False, bool copy=False) -> Tensor(b|a)",
      "aten::to.prim_other(Tensor(a) self, bool non_blocking=False, bool copy=False) -> Tensor(b|a)",
    ],
    doc: "In another type; devices, layouts and memory formats have no meaning here.",
    lower: to,
  },
  {
    name: "aten::_to_copy",
    schemas: [
      "aten::_to_copy(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, bool non_blocking=False, MemoryFormat? memory_format=None) -> Tensor",
    ],
    doc: "In another type, as a copy.",
    lower: (call, builder) => builder.copy(to(call, builder)),
  },
  {
    name: "aten::type_as",
    schemas: ["aten::type_as(Tensor self, Tensor other) -> Tensor"],
    doc: "In the type of other.",
    lower: (call, builder) => convert(builder, call.tensor("self"), call.tensor("other").dtype),
  },
  {
    name: "prims::convert_element_type",
    schemas: ["prims::convert_element_type(Tensor a, ScalarType dtype) -> Tensor"],
    doc: "In another type.",
    lower: (call, builder) => convert(builder, call.tensor("a"), call.dtype("dtype") ?? call.tensor("a").dtype),
  },
  asType("_cast_Float", "float32"),
  asType("_cast_Double", "float64"),
  asType("_cast_Half", "float16"),
  asType("_cast_Long", "int64"),
  asType("_cast_Int", "int32"),
  asType("_cast_Byte", "uint8"),
  asType("_cast_Char", "int8"),
  asType("_cast_Short", "int16"),
  {
    name: "aten::clone",
    schemas: ["aten::clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor"],
    doc: "A copy.",
    lower: (call, builder) => builder.copy(call.tensor("self")),
  },
  {
    name: "aten::contiguous",
    schemas: ["aten::contiguous(Tensor(a) self, *, MemoryFormat memory_format=0) -> Tensor(a)"],
    doc: "The tensor itself if it lies in row-major order, else a copy.",
    lower: (call, builder) =>
      isContiguous(call.tensor("self")) ? call.tensor("self") : builder.copy(call.tensor("self")),
  },
  itself("detach", ["aten::detach(Tensor(a) self) -> Tensor(a)"], "The tensor itself."),
  itself("alias", ["aten::alias(Tensor(a) self) -> Tensor(a)"], "The tensor itself."),
  itself("lift", ["aten::lift(Tensor self) -> Tensor"], "The tensor itself."),
  itself("lift_fresh", ["aten::lift_fresh(Tensor(a) self) -> Tensor(a)"], "The tensor itself."),
  {
    name: "aten::lift_fresh_copy",
    schemas: ["aten::lift_fresh_copy(Tensor self) -> Tensor"],
    doc: "A copy.",
    lower: (call, builder) => builder.copy(call.tensor("self")),
  },
  {
    name: "aten::detach_copy",
    schemas: ["aten::detach_copy(Tensor self) -> Tensor"],
    doc: "A copy.",
    lower: (call, builder) => builder.copy(call.tensor("self")),
  },
  {
    name: "aten::alias_copy",
    schemas: ["aten::alias_copy(Tensor self) -> Tensor"],
    doc: "A copy.",
    lower: (call, builder) => builder.copy(call.tensor("self")),
  },
  itself("cpu", ["aten::cpu(Tensor(a) self) -> Tensor(b|a)"], "The tensor itself."),
  itself("cuda", ["aten::cuda(Tensor(a) self) -> Tensor(b|a)"], "The tensor itself."),
  itself(
    "requires_grad",
    ["aten::requires_grad(Tensor self, bool requires_grad=True) -> Tensor"],
    "The tensor itself.",
  ),
  itself("pin_memory", ["aten::pin_memory(Tensor(a) self, Device? device=None) -> Tensor(a)"], "The tensor itself."),
  itself("data", ["aten::data(Tensor self) -> Tensor"], "The tensor itself."),
  itself("refine_names", ["aten::refine_names(Tensor self, str[] names) -> Tensor"], "The tensor itself."),
  {
    name: "aten::native_dropout",
    schemas: ["aten::native_dropout(Tensor input, float p, bool? train) -> (Tensor, Tensor)"],
    doc: "The input and a mask of ones (evaluation only).",
    lower: (call, builder) =>
      new TupleValue([call.tensor("input"), builder.full("bool", true, call.tensor("input").shape)]),
  },
];
