import { MalformedModel } from "../malformed.ts";
import { bitsOf } from "./element-types.ts";
import { typedData } from "./schema.ts";
import { type Field, fieldsOf, textOf } from "./skeleton.ts";
import { readVarint, signed } from "./wire.ts";

/** A TensorProto by its header; elements stay where they are. */
export interface OnnxTensor {
  readonly field: Field;
  readonly name: string;
  readonly dims: readonly (number | bigint)[];
  /** `TensorProto.DataType`. */
  readonly type: number;
  /** The `raw_data` fields; protobuf takes the last. */
  readonly raw: readonly Field[];
  /** Fewest and most elements that the typed fields (float_data …) can hold; null when there are none. */
  readonly typed: { readonly fewest: number; readonly most: number } | null;
  /** external_data's key-value pairs when data_location is EXTERNAL, else null. */
  readonly external: ReadonlyMap<string, string> | null;
}

/** Reads a TensorProto. Throws MalformedModel when its fields are not what onnx.proto says. */
export function readTensor(field: Field): OnnxTensor {
  let name = "";
  let type = 0;
  let location: number | bigint = 0;
  let typed: OnnxTensor["typed"] = null;
  const dims: (number | bigint)[] = [];
  const raw: Field[] = [];
  const external = new Map<string, string>();
  for (const part of fieldsOf(field)) {
    if (part.number === 1) dims.push(...integersOf(part));
    else if (part.number === 2 && part.wire === 0) type = Number(part.value);
    else if (part.number === 8) name = textOf(part);
    else if (part.number === 9 && part.wire === 2) raw.push(part);
    else if (part.number === 13) readPair(part, external);
    else if (part.number === 14 && part.wire === 0) location = part.value;
    else if (typedData.has(part.number)) typed = addCounts(typed, elementsOf(part));
  }
  return { field, name, dims, type, raw, typed, external: location === 1 ? external : null };
}

/** The integers of a repeated int64 field, packed or not. */
export function integersOf(field: Field): (number | bigint)[] {
  if (field.wire === 0) return [signed(field.value)];
  if (field.bytes === null) throw new MalformedModel("list of integers is too long", field.start);
  const out: (number | bigint)[] = [];
  for (let at = 0; at < field.bytes.length;) {
    const { value, length } = readVarint(field.bytes, at, field.at);
    out.push(signed(value));
    at += length;
  }
  return out;
}

/** A StringStringEntryProto into `pairs`. */
export function readPair(field: Field, pairs: Map<string, string>): void {
  let key = "";
  let value = "";
  for (const part of fieldsOf(field)) {
    if (part.number === 1) key = textOf(part);
    else if (part.number === 2) value = part.bytes === null ? "…" : textOf(part);
  }
  pairs.set(key, value);
}

interface Counts {
  readonly fewest: number;
  readonly most: number;
}

function addCounts(sum: Counts | null, next: Counts): Counts {
  return { fewest: (sum?.fewest ?? 0) + next.fewest, most: (sum?.most ?? 0) + next.most };
}

/** float_data is packed by 4 bytes, double_data by 8, the integers by varints of one to ten bytes. */
function elementsOf(field: Field): Counts {
  if (field.wire !== 2 || field.number === 6) return { fewest: field.count, most: field.count };
  const length = field.end - field.at;
  if (field.number === 4 || field.number === 10) {
    const width = field.number === 4 ? 4 : 8;
    if (length % width !== 0) throw new MalformedModel("packed elements are cut off", field.start);
    return { fewest: length / width, most: length / width };
  }
  if (field.bytes === null) return { fewest: Math.ceil(length / 10), most: length };
  const count = field.bytes.reduce((sum, byte) => sum + (byte < 128 ? 1 : 0), 0);
  return { fewest: count, most: count };
}

/** Number of elements that the dimensions tell; null for a negative dimension. */
export function elementsIn(dims: readonly (number | bigint)[]): bigint | null {
  if (dims.some((dim) => dim < 0)) return null;
  return dims.reduce<bigint>((product, dim) => product * BigInt(dim), 1n);
}

/** Bytes that dimensions and type need as raw data; null for strings, unknown types and negative dimensions. */
export function rawBytesOf(tensor: OnnxTensor): bigint | null {
  const count = elementsIn(tensor.dims);
  const bits = bitsOf(tensor.type);
  if (count === null || bits === null || bits === 0) return null;
  return (count * BigInt(bits) + 7n) / 8n;
}
