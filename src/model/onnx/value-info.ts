import type { Dim, ValueInfo } from "../../graph/graph.ts";
import { MalformedModel } from "../malformed.ts";
import { carrierOf, typeName } from "./element-types.ts";
import { type Field, fieldsOf, textOf } from "./skeleton.ts";
import { signed } from "./wire.ts";

/** A ValueInfoProto. Throws MalformedModel when it has no type that onnx.proto knows. */
export function readValueInfo(field: Field): ValueInfo {
  let name = "";
  const types: Field[] = [];
  for (const part of fieldsOf(field)) {
    if (part.number === 1) name = textOf(part);
    else if (part.number === 2) types.push(part);
  }
  return { name, ...readType(types, 0) };
}

type TypeOfValue = Omit<ValueInfo, "name">;

const containerNames: Readonly<Record<number, string>> = { 4: "seq", 8: "sparse_tensor", 9: "optional" };

/** Types nest (a sequence of maps); eight levels are more than any operator makes. */
function readType(occurrences: readonly Field[], depth: number): TypeOfValue {
  if (depth > 8) throw new MalformedModel("types nested deeper than 8", occurrences[0]?.start);
  const parts = occurrences.flatMap(fieldsOf).filter((part) => part.wire === 2 && part.number !== 6);
  const part = parts.at(-1);
  if (part === undefined) return { dtype: "float32", shape: null, type: "undefined" };
  if (part.number === 1) return readTensorType(parts.filter((one) => one.number === 1));
  if (part.number === 8) return { ...readTensorType([part]), type: "sparse_tensor" };
  const inner = fieldsOf(part);
  if (part.number === 5) return readMap(inner, depth);
  const container = containerNames[part.number];
  if (container === undefined) return { dtype: "float32", shape: null, type: "opaque" };
  const element = readType(
    inner.filter((one) => one.number === 1),
    depth + 1,
  );
  return { dtype: element.dtype, shape: element.shape, type: `${container}(${nameOf(element)})` };
}

function readMap(inner: readonly Field[], depth: number): TypeOfValue {
  const key = typeName(Number(inner.findLast((one) => one.number === 1)?.value ?? 0));
  const value = readType(
    inner.filter((one) => one.number === 2),
    depth + 1,
  );
  return { dtype: value.dtype, shape: value.shape, type: `map(${key}, ${nameOf(value)})` };
}

function nameOf(type: TypeOfValue): string {
  return type.type ?? type.dtype;
}

function readTensorType(occurrences: readonly Field[]): TypeOfValue {
  let element = 0;
  let shape: Dim[] | null = null;
  for (const part of occurrences.flatMap(fieldsOf)) {
    if (part.number === 1 && part.wire === 0) element = Number(part.value);
    else if (part.number === 2) {
      const dims = fieldsOf(part).filter((one) => one.number === 1);
      shape = [...(shape ?? []), ...dims.map(readDim)];
    }
  }
  const dtype = carrierOf(element);
  if (dtype === null) return { dtype: "float32", shape, type: "undefined" };
  const name = typeName(element);
  return name === dtype ? { dtype, shape } : { dtype, shape, type: name };
}

function readDim(field: Field): Dim {
  let dim: Dim = null;
  for (const part of fieldsOf(field)) {
    if (part.number === 1 && part.wire === 0) {
      const value = signed(part.value);
      dim = typeof value === "number" && value >= 0 ? value : null;
    } else if (part.number === 2) dim = textOf(part) || null;
  }
  return dim;
}
