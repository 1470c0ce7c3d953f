import type { ByteSource } from "../../archive/byte-source.ts";
import { MalformedModel } from "../malformed.ts";
import { ReadWindow } from "../read-window.ts";
import { headerLimit, readField, type WireField } from "./wire.ts";

/** ModelProto's fields with their wire types. */
const modelFields: Readonly<Record<number, number>> = {
  1: 0,
  2: 2,
  3: 2,
  4: 2,
  5: 0,
  6: 2,
  7: 2,
  8: 2,
  14: 2,
  20: 2,
  25: 2,
  26: 2,
};
/** Far more top-level fields than any model has before its graph. */
const fieldLimit = 4096;

/**
 * Whether the file reads as a ModelProto: known top-level fields with their wire types, among them a graph and an IR
 * version or an opset. A file cut off inside its graph still counts, so that it is reported as a broken ONNX model.
 */
export async function looksLikeOnnx(source: ByteSource): Promise<boolean> {
  const window = new ReadWindow(source);
  const seen = new Set<number>();
  let at = 0;
  for (let count = 0; at < source.size && count < fieldLimit; count++) {
    const need = Math.min(headerLimit, source.size - at);
    if (!window.has(at, need)) await window.load(at, need);
    const field = tryField(window.view(at, need), at);
    if (field === null) return false;
    if (modelFields[field.number] !== field.wire) {
      if (field.number in modelFields || field.number > 100 || !complete(seen)) return false;
    }
    seen.add(field.number);
    if (field.end > source.size) break;
    at = field.end;
  }
  return complete(seen);
}

function complete(seen: ReadonlySet<number>): boolean {
  return seen.has(7) && (seen.has(1) || seen.has(8));
}

function tryField(bytes: Uint8Array, at: number): WireField | null {
  try {
    return readField(bytes, 0, at, Number.MAX_SAFE_INTEGER);
  } catch (error) {
    if (error instanceof MalformedModel) return null;
    throw error;
  }
}
