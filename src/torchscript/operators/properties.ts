import { bytesOf } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { invalid, unsupported } from "../lowering-error.ts";
import { isFloating, normalizeDim } from "../promotion.ts";
import { scalarTypeOf } from "../scalar-type.ts";
import { isContiguous, type TensorValue } from "../tensor-value.ts";
import {
  DeviceValue,
  EnumMember,
  ListValue,
  ObjectValue,
  OptionalValue,
  SymbolicScalar,
  TupleValue,
  type Value,
} from "../value.ts";
import { numelOf, sizeOf, sizesOf } from "../symbolic.ts";
import { equal } from "./equality.ts";
import type { Operator } from "./operator.ts";
import { row } from "./row.ts";
import { textOf } from "./text-of.ts";
import { Maths } from "./maths.ts";
import { numberOf } from "./scalars.ts";

const ints = (values: readonly number[]) => new ListValue(values.map(BigInt));

function size(call: Call, builder: Builder): Value {
  const tensor = call.tensor("self");
  if (!call.has("dim")) return new ListValue(sizesOf(tensor, builder));
  return sizeOf(tensor, normalizeDim(call.int("dim"), tensor.rank), builder);
}

function stride(call: Call): Value {
  const tensor = call.tensor("self");
  if (tensor.strides.some(Number.isNaN)) throw unsupported("strides that depend on the values of a tensor");
  if (!call.has("dim")) return ints(tensor.strides);
  return BigInt(tensor.strides[normalizeDim(call.int("dim"), tensor.rank)]);
}

type Fact = (tensor: TensorValue, builder: Builder) => Value;

const facts: Readonly<Record<string, { returns: string; doc: string; of: Fact }>> = {
  "aten::dim": { returns: "int", doc: "Number of dimensions.", of: (tensor) => BigInt(tensor.rank) },
  "aten::ndimension": { returns: "int", doc: "Number of dimensions.", of: (tensor) => BigInt(tensor.rank) },
  "aten::numel": { returns: "int", doc: "Number of elements.", of: numelOf },
  "aten::sym_numel": { returns: "int", doc: "Number of elements.", of: numelOf },
  "aten::element_size": { returns: "int", doc: "Bytes of an element.", of: (tensor) => BigInt(bytesOf(tensor.dtype)) },
  "prim::itemsize": { returns: "int", doc: "Bytes of an element.", of: (tensor) => BigInt(bytesOf(tensor.dtype)) },
  "prim::dtype": { returns: "int", doc: "The element type.", of: (tensor) => scalarTypeOf(tensor.dtype) },
  "prim::layout": { returns: "Layout", doc: "Strided.", of: () => 0n },
  "prim::device": { returns: "Device", doc: "The CPU.", of: () => new DeviceValue("cpu") },
  "aten::get_device": { returns: "int", doc: "-1, the CPU.", of: () => -1n },
  "aten::storage_offset": { returns: "int", doc: "0.", of: () => 0n },
  "prim::requires_grad": { returns: "bool", doc: "False.", of: () => false },
  "prim::data": { returns: "Tensor", doc: "The tensor itself.", of: (tensor) => tensor },
  "prim::grad": { returns: "Tensor", doc: "None.", of: () => null },
  "prim::shape": {
    returns: "int[]",
    doc: "The shape.",
    of: (tensor, builder) => new ListValue(sizesOf(tensor, builder)),
  },
  "aten::is_floating_point": {
    returns: "bool",
    doc: "Whether elements are floats.",
    of: (tensor) => isFloating(tensor.dtype),
  },
  "aten::is_signed": {
    returns: "bool",
    doc: "Whether elements have a sign.",
    of: (tensor) => !tensor.dtype.startsWith("u") && tensor.dtype !== "bool",
  },
  "prim::is_cpu": { returns: "bool", doc: "True.", of: () => true },
  ...Object.fromEntries(
    ["cuda", "sparse", "sparse_csr", "mkldnn", "meta", "mps", "xla", "xpu", "ipu", "vulkan", "nested", "mtia"].map(
      (name) => [`prim::is_${name}`, { returns: "bool", doc: "False.", of: () => false }],
    ),
  ),
  "aten::is_inference": { returns: "bool", doc: "False.", of: () => false },
  "aten::is_conj": { returns: "bool", doc: "False.", of: () => false },
  "aten::is_neg": { returns: "bool", doc: "False.", of: () => false },
};

/** Nested lists of the elements of a tensor; numbers that depend on the run stand for themselves. */
function toList(call: Call, builder: Builder): Value {
  const tensor = call.tensor("self");
  if (tensor.count > 100_000) throw unsupported("tolist of so many elements");
  const flat = builder.reshape(tensor, [tensor.count]);
  const element = (at: number): Value => {
    const known = builder.known(tensor);
    const one = known === null ? null : builder.constant(tensor.dtype, [], [known[at]]);
    const position = () => builder.constant("int64", [], [BigInt(at)]);
    return numberOf(
      one ?? builder.emit("Gather", [flat, position()], { axis: 0 }, { dtype: tensor.dtype, shape: [] }),
      builder,
    );
  };
  let at = 0;
  const nested = (axis: number): Value =>
    axis === tensor.rank
      ? element(at++)
      : new ListValue(Array.from({ length: tensor.shape[axis] }, () => nested(axis + 1)));
  return nested(0);
}

/** Two mentions of one enum's member are two objects in TorchScript: `is` tells whether they are one. */
function identical(call: Call): boolean | TensorValue {
  const [a, b] = [call.value("self"), call.value("obj")];
  const [optional, other] = a instanceof OptionalValue ? [a, b] : [b, a];
  if (optional instanceof OptionalValue && other === null) return optional.present;
  return a === b || (typeof a !== "object" && typeof b !== "object" && equal(a, b));
}

const nothing = () => null;

/** What programs ask of tensors and values. */
export const properties: readonly Operator[] = [
  row("aten::size", ["(Tensor self) -> int[]", ".int(Tensor self, int dim) -> int"], "The shape, or one size.", size),
  row(
    "aten::sym_size",
    [".int(Tensor self, int dim) -> int", "(Tensor self) -> int[]"],
    "The shape, or one size.",
    size,
  ),
  row(
    "aten::stride",
    ["(Tensor self) -> int[]", ".int(Tensor self, int dim) -> int"],
    "Strides as PyTorch would have them.",
    stride,
  ),
  row("aten::len", [".Tensor(Tensor t) -> int"], "The first size.", (call, builder) =>
    call.tensor("t").rank === 0 ? 0n : sizeOf(call.tensor("t"), 0, builder),
  ),
  row(
    "aten::is_contiguous",
    ["(Tensor self, *, MemoryFormat memory_format=0) -> bool"],
    "Whether memory is in row-major order.",
    (call) => isContiguous(call.tensor("self")),
  ),
  ...Object.entries(facts).map(([name, { returns, doc, of }]) =>
    row(name, [`(Tensor self) -> ${returns}`], doc, (call, builder) => of(call.tensor("self"), builder)),
  ),
  row("prim::tolist", ["(Tensor self) -> t[]"], "The elements as nested lists of numbers.", toList),
  row("prim::tolist", [".t(t[] self) -> t[]"], "The list itself.", (call) => call.value("self")),
  row("prim::type", ["(Device self) -> str"], "The kind of a device.", (call) => call.string("self").split(":")[0]),
  row("prim::index", ["(Device self) -> int?"], "The number of a device.", (call) => {
    const [, index] = call.string("self").split(":");
    return index === undefined ? null : BigInt(index);
  }),
  row(
    "aten::device",
    ["(str a) -> Device", ".with_index(str type, int index) -> Device"],
    "A device.",
    (call) => new DeviceValue(call.has("a") ? call.string("a") : `${call.string("type")}:${call.int("index")}`),
  ),
  row(
    "aten::eq",
    [".device(Device a, Device b) -> bool", ".enum(AnyEnumType a, AnyEnumType b) -> bool"],
    "Of devices and enums.",
    (call) => equal(call.value("a"), call.value("b")),
  ),
  row(
    "aten::ne",
    [".device(Device a, Device b) -> bool", ".enum(AnyEnumType a, AnyEnumType b) -> bool"],
    "Of devices and enums.",
    (call) => !equal(call.value("a"), call.value("b")),
  ),
  row("aten::__is__", ["(t1 self, t2 obj) -> bool"], "is", (call, builder) => {
    const same = identical(call);
    if (typeof same === "boolean") return same;
    return new SymbolicScalar("bool", new Maths(builder).not(same));
  }),
  row("aten::__isnot__", ["(t1 self, t2 obj) -> bool"], "is not", (call) => {
    const same = identical(call);
    return typeof same === "boolean" ? !same : new SymbolicScalar("bool", same);
  }),
  ...["prim::unchecked_unwrap_optional", "aten::_unwrap_optional", "prim::unchecked_cast"].map((name) =>
    row(name, ["(t? optional) -> t"], "The value itself.", (call) => {
      const given = call.value("optional");
      return given instanceof OptionalValue ? given.value : given;
    }),
  ),
  row("prim::TupleIndex", ["(Any tup, int i) -> Any"], "An item of a tuple.", (call) => {
    const tuple = call.value("tup");
    const item = tuple instanceof TupleValue ? tuple.items.at(call.int("i")) : undefined;
    if (item === undefined) throw invalid("prim::TupleIndex of something else");
    return item;
  }),
  ...["EnumName", "EnumValue"].map((name) =>
    row(`prim::${name}`, ["(Any enum) -> Any"], "Of an enum's member.", (call) => {
      const member = call.value("enum");
      if (!(member instanceof EnumMember)) throw invalid(`prim::${name} of something that is no enum`);
      return name === "EnumName" ? member.member : member.value;
    }),
  ),
  row(
    "prim::ModuleContainerIndex",
    [".list(Any self, int ind) -> Any", ".dict(Any self, str ind) -> Any"],
    "A module of a container.",
    (call) => {
      const container = call.value("self");
      const key = call.value("ind");
      const found = container instanceof ObjectValue ? container.content.get(textOf(key)) : undefined;
      if (found === undefined) throw invalid(`the container has no module ${textOf(key)}`);
      return found;
    },
  ),
  row(
    "aten::warn",
    ["(str message, int stacklevel=2) -> ()", ".any(str message, t category, int stacklevel=2) -> ()"],
    "Nothing.",
    nothing,
  ),
  row("prim::Print", ["(...) -> ()"], "Nothing.", nothing),
  row("aten::manual_seed", ["(...) -> ()"], "Nothing.", nothing),
  row("aten::is_autocast_enabled", ["() -> bool"], "False.", () => false),
  row("aten::is_grad_enabled", ["() -> bool"], "False.", () => false),
  row("aten::set_grad_enabled", ["(bool val) -> ()"], "Nothing.", nothing),
  row("prim::is_scripting", ["() -> bool"], "True.", () => true),
  row("aten::wait", ["(t self) -> t"], "The value itself: forks run at once.", (call) => call.value("self")),
];
