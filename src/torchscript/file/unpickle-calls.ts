import type { DType } from "../../graph/dtype.ts";
import { invalid, unsupported } from "../lowering-error.ts";
import {
  type Pickled,
  PickledDevice,
  PickledDict,
  PickledGlobal,
  PickledList,
  PickledObject,
  PickledStorage,
  PickledTensor,
  PickledTuple,
} from "./pickled.ts";

const storageTypes: Readonly<Record<string, DType>> = {
  FloatStorage: "float32",
  DoubleStorage: "float64",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  QInt8Storage: "int8",
  QUInt8Storage: "uint8",
  QInt32Storage: "int32",
  BoolStorage: "bool",
  ComplexFloatStorage: "complex64",
  ComplexDoubleStorage: "complex128",
};

const dtypeNames: ReadonlySet<string> = new Set([...Object.values(storageTypes), "uint16", "uint32", "uint64"]);

type Maker = (args: readonly Pickled[]) => Pickled;

/** All that a REDUCE may call, and what becomes of it. Nothing else is built. */
const makers: Readonly<Record<string, Maker | undefined>> = {
  "torch._utils._rebuild_tensor": rebuildTensor,
  "torch._utils._rebuild_tensor_v2": rebuildTensor,
  "torch._utils._rebuild_tensor_v3": rebuildTensor,
  "torch._utils._rebuild_qtensor": rebuildQuantized,
  "torch._utils._rebuild_parameter": (args) => args[0],
  "torch._utils._rebuild_parameter_with_state": (args) => args[0],
  "torch._tensor._rebuild_from_type_v2": (args) => {
    const inner = args[2];
    const [make] = args;
    if (!(make instanceof PickledGlobal) || !(inner instanceof PickledTuple)) throw invalid("pickle: a tensor's type");
    return callGlobal(make, inner.items);
  },
  "collections.OrderedDict": (args) => dictOf(args[0]),
  "builtins.dict": (args) => dictOf(args[0]),
  "torch.jit._pickle.build_intlist": (args) => listOf(args[0]),
  "torch.jit._pickle.build_doublelist": (args) => listOf(args[0]),
  "torch.jit._pickle.build_boollist": (args) => listOf(args[0]),
  "torch.jit._pickle.build_tensorlist": (args) => listOf(args[0]),
  "torch.jit._pickle.restore_type_tag": (args) => args[0],
  // Tensors whose values export did not keep (torch 2.3 to 2.5): known by their description alone.
  "_codecs.encode": (args) => args[0],
  "torch._export.serde.serialize._reconstruct_fake_tensor": (args) =>
    new PickledObject("torch._export.serde.serialize._reconstruct_fake_tensor", args),
  "torch.device": (args) => new PickledDevice(args.map(String).join(":")),
  "torch.Size": (args) => args[0],
};

/** Calls a global of a pickle. Throws LoweringError (`unsupported`) for any that is not in the table. */
export function callGlobal(global: PickledGlobal, args: readonly Pickled[]): Pickled {
  if (global.name.startsWith("__torch__.")) return new PickledObject(global.name, args);
  const make = Object.hasOwn(makers, global.name) ? makers[global.name] : undefined;
  if (make === undefined) throw unsupported(`the pickle calls ${global.name}`);
  return make(args) ?? null;
}

function listOf(value: Pickled | undefined): Pickled {
  if (value instanceof PickledList) return value;
  if (value instanceof PickledTuple) {
    const list = new PickledList();
    list.items.push(...value.items);
    return list;
  }
  throw invalid("pickle: a typed list without items");
}

function dictOf(value: Pickled | undefined): Pickled {
  if (value instanceof PickledDict) return value;
  const dict = new PickledDict();
  if (value instanceof PickledList) {
    for (const pair of value.items) {
      const items = pair instanceof PickledTuple || pair instanceof PickledList ? pair.items : [];
      if (items.length === 2) dict.entries.push([items[0], items[1]]);
    }
  }
  return dict;
}

/** `('storage', torch.FloatStorage, key, location, numel)` */
export function storageOf(id: Pickled): PickledStorage {
  const items = id instanceof PickledTuple ? id.items : [];
  const [tag, type, key, device, count] = items;
  if (tag !== "storage" || !(type instanceof PickledGlobal) || typeof key !== "string" || typeof device !== "string") {
    throw invalid("pickle: a persistent id that is no storage");
  }
  const name = type.name.split(".").at(-1) ?? "";
  if (!name.endsWith("Storage")) throw invalid(`pickle: a storage of type ${type.name}`);
  if (name !== "UntypedStorage" && storageTypes[name] === undefined) throw unsupported(`tensors of ${type.name}`);
  return new PickledStorage(storageTypes[name] ?? null, key, device, integer(count));
}

function rebuildTensor(args: readonly Pickled[]): Pickled {
  const [storage, offset, shape, strides] = args;
  if (!(storage instanceof PickledStorage)) throw invalid("pickle: a tensor without a storage");
  const given = args[6];
  const named = given instanceof PickledGlobal ? given.name.replace(/^torch\./, "") : "";
  const dtype = isDType(named) ? named : storage.dtype;
  if (dtype === null) throw invalid("pickle: a tensor without an element type");
  const dims = integers(shape);
  const steps = integers(strides);
  if (dims.length !== steps.length || dims.some((dim) => dim < 0) || steps.some((step) => step < 0)) {
    throw invalid("pickle: a tensor's shape and strides");
  }
  return new PickledTensor(storage, dtype, integer(offset), dims, steps);
}

/** Integers with their grid: `(torch.per_tensor_affine, scale, zero)` or `(torch.per_channel_affine, scales, zeros, axis)`. */
function rebuildQuantized(args: readonly Pickled[]): Pickled {
  const [storage, offset, shape, strides, quantizer] = args;
  if (!(storage instanceof PickledStorage) || storage.dtype === null || !(quantizer instanceof PickledTuple)) {
    throw invalid("pickle: a quantised tensor without a storage or grid");
  }
  return new PickledTensor(storage, storage.dtype, integer(offset), integers(shape), integers(strides), quantizer);
}

function isDType(name: string): name is DType {
  return dtypeNames.has(name);
}

function integers(value: Pickled | undefined): number[] {
  if (value instanceof PickledTuple || value instanceof PickledList) return value.items.map(integer);
  throw invalid("pickle: a tensor's shape and strides");
}

function integer(value: Pickled | undefined): number {
  const number = Number(typeof value === "bigint" ? value : Number.NaN);
  if (!Number.isSafeInteger(number) || number < 0) throw invalid("pickle: a tensor's size or offset");
  return number;
}
