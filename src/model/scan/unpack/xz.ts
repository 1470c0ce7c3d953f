import { LzmaState, readProperties } from "./lzma.ts";
import { Output, UnpackError } from "./output.ts";

/** Bytes of a block's check, by its type (https://tukaani.org/xz/xz-file-format.txt, 2.1.1.2). */
const checkSizes = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
const lzma2Filter = 0x21;

/** The `.xz` format: streams of blocks of LZMA2; concatenated streams are one file, as Python's lzma reads them. */
export function unpackXz(bytes: Uint8Array, limit: number): Uint8Array {
  const out = new Output(limit);
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] === 0) at += 4;
    else at = readStream(bytes, at, out);
  }
  return out.result();
}

function readStream(bytes: Uint8Array, start: number, out: Output): number {
  const magic = Buffer.from(bytes.subarray(start, start + 6)).toString("latin1");
  if (magic !== "\u00fd7zXZ\0") throw new UnpackError("no xz stream");
  const check = checkSizes[(bytes[start + 7] ?? 0) & 15] ?? 0;
  let at = start + 12;
  while (bytes[at] !== 0) {
    if (at >= bytes.length) throw new UnpackError("xz stream is cut off");
    const header = ((bytes[at] ?? 0) + 1) * 4;
    requireLzma2(bytes, at + 1);
    const end = readLzma2(bytes, at + header, out);
    at = start + Math.ceil((end - start) / 4) * 4 + check;
  }
  return readIndex(bytes, at);
}

/** Block header: flags, optional sizes, then exactly one filter. */
function requireLzma2(bytes: Uint8Array, at: number): void {
  const flags = bytes[at] ?? 0;
  let next = at + 1;
  for (const bit of [0x40, 0x80]) if ((flags & bit) !== 0) next = skipNumber(bytes, next);
  if ((flags & 3) !== 0 || bytes[next] !== lzma2Filter) throw new UnpackError("xz filters other than LZMA2");
}

function skipNumber(bytes: Uint8Array, at: number): number {
  let next = at;
  while (((bytes[next] ?? 0) & 0x80) !== 0) next += 1;
  return next + 1;
}

/** Index and footer hold nothing that is needed: two numbers a record, padding, CRC-32, twelve bytes. */
function readIndex(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  let records = 0;
  for (let shift = 0; ; shift += 7, at++) {
    records += ((bytes[at] ?? 0) & 127) * 2 ** shift;
    if (((bytes[at] ?? 0) & 128) === 0) break;
    if (shift > 49) throw new UnpackError("bad xz index");
  }
  at += 1;
  if (records > bytes.length) throw new UnpackError("bad xz index");
  for (let index = 0; index < records * 2; index++) at = skipNumber(bytes, at);
  return start + Math.ceil((at - start) / 4) * 4 + 4 + 12;
}

/** Chunks: stored ones, and LZMA ones that reset as much of the state as their control byte says. */
function readLzma2(bytes: Uint8Array, start: number, out: Output): number {
  let state: LzmaState | null = null;
  let properties = 0;
  for (let at = start; ;) {
    const control = bytes[at++];
    if (control === undefined) throw new UnpackError("xz block is cut off");
    if (control === 0) return at;
    if (control === 1 || control >= 0xe0) out.restart();
    const low = (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0) + 1;
    if (control < 0x80) {
      if (control > 2 || at + 2 + low > bytes.length) throw new UnpackError("bad LZMA2 chunk");
      out.append(bytes.subarray(at + 2, at + 2 + low));
      at += 2 + low;
      continue;
    }
    const size = (control & 0x1f) * 65536 + low;
    const packed = (bytes[at + 2] ?? 0) * 256 + (bytes[at + 3] ?? 0) + 1;
    at += 4;
    if (control >= 0xc0) properties = bytes[at++] ?? 255;
    if (control >= 0xa0) state = new LzmaState(readProperties(properties));
    if (state === null) throw new UnpackError("LZMA2 chunk without a state");
    const target = out.length + size;
    state.decode(bytes.subarray(0, at + packed), at, out, target);
    if (out.length !== target) throw new UnpackError("LZMA2 chunk ends early");
    at += packed;
  }
}
