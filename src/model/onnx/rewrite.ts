import { childKind, type MessageKind } from "./schema.ts";
import { type Field, fieldsOf, type Skeleton } from "./skeleton.ts";
import { lengthHeader } from "./wire.ts";

/** What a tensor's data becomes: a range of a file beside the others, or bytes inside of the model. */
export type Replacement =
  | { readonly location: string; readonly offset: number; readonly length: number }
  | { readonly bytes: Uint8Array };

/** A stretch of the original file, or new bytes. */
type Piece = { readonly start: number; readonly end: number } | Uint8Array;

/**
 * The model with the data of some tensors replaced, named by the offset of their fields. Everything else, unknown
 * fields too, is copied as it is.
 */
export async function rewriteModel(
  skeleton: Skeleton,
  replacements: ReadonlyMap<number, Replacement>,
): Promise<Uint8Array> {
  const starts = [...replacements.keys()].toSorted((a, b) => a - b);
  const pieces = joined(emit(skeleton.fields, "model", { replacements, starts }));
  const out = Buffer.allocUnsafe(sizeOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    const bytes =
      piece instanceof Uint8Array ? piece : await skeleton.source.read(piece.start, piece.end - piece.start);
    out.set(bytes, at);
    at += bytes.length;
  }
  return out;
}

interface Edits {
  readonly replacements: ReadonlyMap<number, Replacement>;
  /** Their offsets in order. */
  readonly starts: readonly number[];
}

function emit(fields: readonly Field[], kind: MessageKind, edits: Edits): Piece[] {
  return fields.flatMap((field) => emitField(field, kind, edits));
}

function emitField(field: Field, kind: MessageKind, edits: Edits): Piece[] {
  const child = childKind(kind, field.number);
  if (child === null || !touches(field, edits.starts)) return [{ start: field.start, end: field.end }];
  const replacement = child === "tensor" ? edits.replacements.get(field.start) : undefined;
  const content = replacement ? emitTensor(field, replacement) : emit(fieldsOf(field), child, edits);
  return [lengthHeader(field.number, sizeOf(content)), ...content];
}

/** Whether an edited tensor lies inside of the field, or is it. */
function touches(field: Field, starts: readonly number[]): boolean {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) < field.start) low = middle + 1;
    else high = middle;
  }
  const next = starts[low];
  return next !== undefined && next < field.end;
}

const rawData = 9;
const externalData = 13;
const dataLocation = 14;

function emitTensor(field: Field, replacement: Replacement): Piece[] {
  const kept = fieldsOf(field)
    .filter((part) => part.number !== rawData && part.number !== externalData && part.number !== dataLocation)
    .map((part) => ({ start: part.start, end: part.end }));
  if ("bytes" in replacement) {
    return [...kept, lengthHeader(rawData, replacement.bytes.length), replacement.bytes];
  }
  const { location, offset, length } = replacement;
  const pairs = [pair("location", location), pair("offset", String(offset)), pair("length", String(length))];
  return [...kept, ...pairs, Uint8Array.of(dataLocation * 8, 1)];
}

/** A StringStringEntryProto as a field of external_data. */
function pair(key: string, value: string): Uint8Array {
  const name = Buffer.from(key);
  const text = Buffer.from(value);
  const body = Buffer.concat([lengthHeader(1, name.length), name, lengthHeader(2, text.length), text]);
  return Buffer.concat([lengthHeader(externalData, body.length), body]);
}

function sizeOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + (piece instanceof Uint8Array ? piece.length : piece.end - piece.start), 0);
}

/** Neighbouring stretches of the file as one, so that the copy takes few reads. */
function joined(pieces: readonly Piece[]): Piece[] {
  const out: Piece[] = [];
  for (const piece of pieces) {
    const last = out.at(-1);
    if (last !== undefined && !(last instanceof Uint8Array) && !(piece instanceof Uint8Array)) {
      if (last.end === piece.start) {
        out[out.length - 1] = { start: last.start, end: piece.end };
        continue;
      }
    }
    out.push(piece);
  }
  return out;
}
