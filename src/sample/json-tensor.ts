import { type DType, dtypeOfName, elementCount } from "../graph/dtype.ts";
import type { ValueInfo } from "../graph/graph.ts";
import type { LoadedTensor } from "../runtime/dummy-input.ts";
import { encodeNumbers } from "../runtime/fill.ts";
import type { NamedTensor } from "./sample-file.ts";

const elementLimit = 2 ** 26;

/**
 * Tensors that a JSON value means: nested arrays for the first input; an object of them by input name; or the request of
 * KServe's open inference protocol, `{"inputs": [{name, shape, datatype, data}]}`. Returns the reason as a string when
 * it means none.
 */
export function jsonTensors(value: unknown, inputs: readonly ValueInfo[]): NamedTensor[] | string {
  const dtypeOf = (name: string | null): DType =>
    (name === null ? inputs[0] : inputs.find((input) => input.name === name))?.dtype ?? "float32";
  if (Array.isArray(value) || typeof value === "number") return one(null, value, dtypeOf(null), null);
  if (!isRecord(value)) return "neither nested arrays, nor an object of them by the names of the inputs";
  const list: unknown = value["inputs"];
  if (Array.isArray(list) && list.every((item) => isRecord(item) && "data" in item)) {
    return joined(list.filter(isRecord).map((item) => requested(item, dtypeOf)));
  }
  return joined(Object.entries(value).map(([name, nested]) => one(name, nested, dtypeOf(name), null)));
}

function requested(item: Record<string, unknown>, dtypeOf: (name: string | null) => DType): NamedTensor[] | string {
  const name = typeof item["name"] === "string" ? item["name"] : null;
  const datatype = typeof item["datatype"] === "string" ? item["datatype"] : "";
  const dtype = dtypeOfName(datatype.toLowerCase().replace(/^fp/, "float")) ?? dtypeOf(name);
  const shape = Array.isArray(item["shape"]) ? item["shape"].map(Number) : null;
  return one(name, item["data"], dtype, shape);
}

function joined(parts: readonly (NamedTensor[] | string)[]): NamedTensor[] | string {
  const tensors: NamedTensor[] = [];
  for (const part of parts) {
    if (typeof part === "string") return part;
    tensors.push(...part);
  }
  return tensors;
}

function one(
  name: string | null,
  value: unknown,
  dtype: DType,
  shape: readonly number[] | null,
): NamedTensor[] | string {
  const tensor = nestedTensor(value, dtype);
  if (typeof tensor === "string") return name === null ? tensor : `${name}: ${tensor}`;
  if (shape !== null && elementCount(shape) !== elementCount(tensor.shape)) {
    return `${name ?? "data"}: ${elementCount(tensor.shape)} values for the shape ${shape.join("x")}`;
  }
  return [{ name, tensor: shape === null ? tensor : { ...tensor, shape } }];
}

function nestedTensor(value: unknown, dtype: DType): LoadedTensor | string {
  const shape: number[] = [];
  for (let inner = value; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
  const count = elementCount(shape);
  if (count > elementLimit) return "more than 2^26 values";
  const flat: unknown[] = Array.isArray(value) ? value.flat(Infinity) : [value];
  if (flat.length !== count || !isRegular(value, shape)) return "its arrays are of different lengths";
  if (dtype === "string") return "a model that takes strings gets them from a text file";
  const numbers: number[] = [];
  for (const item of flat) {
    if (typeof item !== "number" && typeof item !== "boolean") return `${JSON.stringify(item)} is no number`;
    numbers.push(Number(item));
  }
  return { dtype, shape, bytes: encodeNumbers(dtype, numbers) };
}

function isRegular(value: unknown, [size, ...rest]: readonly number[]): boolean {
  if (size === undefined) return !Array.isArray(value);
  return Array.isArray(value) && value.length === size && value.every((item) => isRegular(item, rest));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
