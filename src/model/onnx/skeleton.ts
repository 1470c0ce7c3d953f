import type { ByteSource } from "../../archive/byte-source.ts";
import { MalformedModel } from "../malformed.ts";
import { ReadWindow } from "../read-window.ts";
import { childKind, type MessageKind, typedData } from "./schema.ts";
import { headerLimit, readField, type WireField } from "./wire.ts";

/** Protobuf's own readers stop at 100; real models nest ten or so. */
const depthLimit = 64;
/** Leaves above this stay in the file, known by their place only. */
const leafLimit = 1 << 10;
/** Messages up to this are read whole, so that thousands of nodes cost few reads. */
const wholeLimit = 1 << 12;
/** What a graph without its tensors may take: the largest seen in use are some 20 MB. */
const memoryLimit = 1 << 26;

/** A field with what was read of it: its bytes, its fields, or (for large leaves) neither. */
export interface Field extends WireField {
  readonly bytes: Uint8Array | null;
  readonly fields: readonly Field[] | null;
  /** For a run of unpacked elements that was merged into one field; 1 otherwise. */
  readonly count: number;
}

/** A protobuf file without its large payloads. */
export interface Skeleton {
  readonly source: ByteSource;
  readonly fields: readonly Field[];
}

/**
 * Reads an ONNX file's structure and skips what is large: a model of gigabytes costs kilobytes. Fields are kept in
 * file order, unknown ones too. Throws MalformedModel for broken wire format and for nesting deeper than 64.
 */
export async function readSkeleton(source: ByteSource): Promise<Skeleton> {
  const state = { window: new ReadWindow(source), memory: 0 };
  return { source, fields: await walk(state, 0, source.size, "model", 1) };
}

interface Walk {
  readonly window: ReadWindow;
  memory: number;
}

async function walk(state: Walk, start: number, end: number, kind: MessageKind, depth: number): Promise<Field[]> {
  if (depth > depthLimit) throw new MalformedModel(`messages nested deeper than ${depthLimit}`, start);
  const { window } = state;
  const out: Field[] = [];
  for (let at = start; at < end;) {
    const need = Math.min(headerLimit, end - at);
    if (!window.has(at, need)) await window.load(at, need);
    const head = readField(window.view(at, need), 0, at, end);
    at = head.end;
    if (mergeRun(out, head, kind)) continue;
    out.push(await content(state, head, kind, depth));
    state.memory += 64;
    if (state.memory > memoryLimit) throw new MalformedModel("graph takes more than 64 MB without its tensors");
  }
  return out;
}

async function content(state: Walk, head: WireField, kind: MessageKind, depth: number): Promise<Field> {
  if (head.wire !== 2) return { ...head, bytes: null, fields: null, count: 1 };
  const length = head.end - head.at;
  const child = childKind(kind, head.number);
  const limit = child === null || child === "tensor" ? leafLimit : wholeLimit;
  if (length <= limit) {
    state.memory += length;
    return { ...head, bytes: await state.window.read(head.at, length), fields: null, count: 1 };
  }
  if (child === null) return { ...head, bytes: null, fields: null, count: 1 };
  return { ...head, bytes: null, fields: await walk(state, head.at, head.end, child, depth + 1), count: 1 };
}

/** Elements written one field each (proto2's unpacked form) are one run: a count and a range of the file. */
function mergeRun(out: Field[], head: WireField, kind: MessageKind): boolean {
  if (kind !== "tensor" || !typedData.has(head.number)) return false;
  if (head.wire === 2 && head.number !== 6) return false;
  const last = out.at(-1);
  if (last?.number === head.number && last.wire === head.wire && last.fields === null && last.bytes === null) {
    out[out.length - 1] = { ...last, end: head.end, count: last.count + 1 };
  } else {
    out.push({ ...head, bytes: null, fields: null, count: 1 });
  }
  return true;
}

/**
 * The fields of a message that `readSkeleton` kept, whichever way it was kept. Empty for a leaf that stayed in the
 * file. Throws MalformedModel for broken wire format and nesting.
 */
export function fieldsOf(field: Field): readonly Field[] {
  if (field.fields !== null) return field.fields;
  if (field.bytes === null) return [];
  const out: Field[] = [];
  const { bytes, at: base, end } = field;
  for (let at = base; at < end;) {
    const { number, wire, start, at: payload, end: after, value } = readField(bytes, at - base, base, end);
    const content = wire === 2 ? bytes.subarray(payload - base, after - base) : null;
    out.push({ number, wire, start, at: payload, end: after, value, bytes: content, fields: null, count: 1 });
    at = after;
  }
  return out;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** A string field's text; throws MalformedModel when it is too long to have been read, or no UTF-8. */
export function textOf(field: Field): string {
  if (field.wire !== 2 || field.bytes === null) throw new MalformedModel("expected a short string", field.start);
  try {
    return decoder.decode(field.bytes);
  } catch {
    throw new MalformedModel("string is no UTF-8", field.start);
  }
}
