import { Output, UnpackError } from "./output.ts";

/** The LZ4 frame format (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), as joblib writes it. */
export function unpackLz4(bytes: Uint8Array, limit: number): Uint8Array {
  const out = new Output(limit);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 7 <= bytes.length;) at = readFrame(bytes, view, at, out);
  return out.result();
}

function readFrame(bytes: Uint8Array, view: DataView, start: number, out: Output): number {
  const magic = view.getUint32(start, true);
  if (magic >>> 4 === 0x184d2a5) return start + 8 + view.getUint32(start + 4, true);
  if (magic !== 0x184d2204) throw new UnpackError("no LZ4 frame");
  const flags = bytes[start + 4] ?? 0;
  if (flags >> 6 !== 1) throw new UnpackError("unknown LZ4 version");
  const blockSum = (flags & 0x10) === 0 ? 0 : 4;
  let at = start + 7 + ((flags & 0x08) === 0 ? 0 : 8) + ((flags & 0x01) === 0 ? 0 : 4);
  for (;;) {
    if (at + 4 > bytes.length) throw new UnpackError("LZ4 frame is cut off");
    const word = view.getUint32(at, true);
    at += 4;
    if (word === 0) return at + ((flags & 0x04) === 0 ? 0 : 4);
    const length = word & 0x7fffffff;
    if (at + length > bytes.length) throw new UnpackError("LZ4 block is cut off");
    const block = bytes.subarray(at, at + length);
    if (word >>> 31 === 1) out.append(block);
    else readBlock(block, out);
    at += length + blockSum;
  }
}

/** Sequences of literals and a match (lz4_Block_format.md); the last one has literals only. */
function readBlock(block: Uint8Array, out: Output): void {
  let at = 0;
  const more = (length: number): number => {
    let total = length;
    if (length !== 15) return total;
    for (let byte = 255; byte === 255;) {
      byte = block[at++] ?? -1;
      if (byte < 0) throw new UnpackError("LZ4 block is cut off");
      total += byte;
    }
    return total;
  };
  while (at < block.length) {
    const token = block[at++] ?? 0;
    const literals = more(token >> 4);
    if (at + literals > block.length) throw new UnpackError("LZ4 block is cut off");
    out.append(block.subarray(at, at + literals));
    at += literals;
    if (at >= block.length) return;
    const distance = (block[at] ?? 0) + (block[at + 1] ?? 0) * 256;
    at += 2;
    out.copy(distance, more(token & 15) + 4);
  }
}
