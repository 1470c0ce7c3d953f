import type { ByteSource } from "../../archive/byte-source.ts";
import { MalformedModel } from "../malformed.ts";
import { entryOf, globalName, integerOf, type Value } from "./value.ts";

/** What follows the BUILD of a wrapper: raw elements up to `end`, or a pickle that starts there. */
export interface JoblibArray {
  readonly end: number;
  readonly pickled: boolean;
}

const wrapper = /^(?:sklearn\.externals\.)?joblib\.numpy_pickle\.NumpyArrayWrapper$/;

/**
 * joblib (0.10 and up) puts an array's elements into the stream behind the wrapper that tells shape and type, newer
 * versions after padding whose length the first byte tells. Null when `value` is no such wrapper.
 * Source: joblib/numpy_pickle.py, NumpyArrayWrapper.read_array.
 */
export async function joblibArray(
  value: Value | undefined,
  source: ByteSource,
  at: number,
): Promise<JoblibArray | null> {
  if (value?.kind !== "object" || !wrapper.test(globalName(value.callee) ?? "")) return null;
  const state = value.states.at(-1);
  const shape = entryOf(state, "shape");
  const size = dtypeSize(entryOf(state, "dtype"));
  if (shape?.kind !== "tuple" || shape.count > shape.items.length || size === null) {
    throw new MalformedModel("joblib array without shape or type", at);
  }
  if (size === "object") return { end: at, pickled: true };
  const count = shape.items.reduce((product, dim) => product * BigInt(integerOf(dim) ?? -1), 1n);
  const padding = integerOf(entryOf(state, "numpy_array_alignment_bytes")) === null ? 0 : await paddingAt(source, at);
  const end = BigInt(at + padding) + count * BigInt(size);
  if (count < 0 || end > BigInt(source.size)) throw new MalformedModel("joblib array is longer than what is left", at);
  return { end: Number(end), pickled: false };
}

async function paddingAt(source: ByteSource, at: number): Promise<number> {
  if (at >= source.size) throw new MalformedModel("joblib array is cut off", at);
  const [length = 0] = await source.read(at, 1);
  return 1 + length;
}

/** Bytes an element of a pickled `numpy.dtype` takes; `object` when elements are Python objects. */
function dtypeSize(dtype: Value | undefined): number | "object" | null {
  if (dtype?.kind !== "object" || globalName(dtype.callee) !== "numpy.dtype" || dtype.args.kind !== "tuple")
    return null;
  const [code] = dtype.args.items;
  const match = /^[<>=|]?([a-zA-Z])(\d*)$/.exec(code?.kind === "text" ? (code.text ?? "") : "");
  if (match === null) return null;
  const [, letter = "", digits = ""] = match;
  if (letter === "O" || hasObjects(dtype, 0)) return "object";
  const width = digits === "" ? 1 : Number(digits);
  return letter === "U" ? 4 * width : letter === "?" ? 1 : width;
}

/** Fields of a structured type are dtypes in its state. */
function hasObjects(value: Value, depth: number): boolean {
  if (depth > 12) return true;
  if (value.kind === "object") {
    const [code] = value.args.kind === "tuple" ? value.args.items : [];
    if (code?.kind === "text" && code.text?.replace(/^[<>=|]/, "").startsWith("O")) return true;
    return value.states.some((state) => hasObjects(state, depth + 1));
  }
  if (value.kind === "dict") return value.entries.some(([, item]) => hasObjects(item, depth + 1));
  return value.kind === "tuple" && value.items.some((item) => hasObjects(item, depth + 1));
}
