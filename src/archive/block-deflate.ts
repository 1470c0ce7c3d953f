import { type ZlibOptions, constants, deflateRaw, deflateRawSync } from "node:zlib";

/** What deflate can look back at (RFC 1951). */
const windowSize = 32 << 10;
/** Output of one job on the pool; larger than what most blocks come to, so that one job does. */
const chunkSize = 512 << 10;
/** Below this, a job on the pool costs more than it saves. */
const synchronousBelow = 32 << 10;

/** A gain worth the time that unpacking costs: fp32 weights give 7 %, bf16 20 %, text 60 % (docs/performance.md). */
const worthwhile = 0.12;
const sampleCount = 8;
const sampleSize = 64 << 10;

export function worthDeflating(size: number, packedSize: number): boolean {
  return packedSize <= size * (1 - worthwhile);
}

/** Above these, readers take an entry for a bomb: ours, and security scanners with the same idea. */
const bombFrom = 256 << 20;
const bombRatio = 150;

/** Whether a deflated entry would look like a bomb; weights that are nearly all zeros do, and are stored instead. */
export function looksLikeBomb(size: number, packedSize: number): boolean {
  return size >= bombFrom && size > packedSize * bombRatio;
}

/** Where a window and tables of a quarter of the usual size lose nothing; there may be many thousand such files. */
const tiny = 8 << 10;

/** A whole small entry at level 6. */
export function deflateWhole(bytes: Uint8Array): Promise<Buffer> {
  const sizes = bytes.length <= tiny ? { windowBits: 13, memLevel: 6 } : {};
  // One piece of output: zlib's 16 KiB for each of many small files would be most of our memory.
  const options = { level: 6, chunkSize: Math.max(256, Math.min(chunkSize, bytes.length)), ...sizes };
  return bytes.length <= synchronousBelow ? Promise.resolve(deflateRawSync(bytes, options)) : onPool(bytes, options);
}

/**
 * One block of a deflate stream that many threads write: the window before it as dictionary, a sync flush at its end.
 * The blocks of an entry joined are one valid stream, and the same bytes however many threads there were.
 */
export function deflateBlock(bytes: Uint8Array, before: Uint8Array, last: boolean, level = 6): Promise<Buffer> {
  return onPool(bytes, {
    level,
    chunkSize,
    finishFlush: last ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    ...(before.length > 0 ? { dictionary: before } : {}),
  });
}

/** A copy of the end of `block`, as dictionary of the one after it; the block itself will be overwritten. */
export function windowOf(block: Uint8Array): Uint8Array {
  return Uint8Array.prototype.slice.call(block, Math.max(0, block.length - windowSize));
}

/** Positions of samples: from the interior, evenly, since the ends of weight files mislead. */
export function samplePositions(size: number): { position: number; length: number }[] {
  const length = Math.min(sampleSize, Math.floor(size / sampleCount));
  const stride = (size - length) / (sampleCount + 1);
  return Array.from({ length: sampleCount }, (_, i) => ({ position: Math.floor(stride * (i + 1)), length }));
}

/** Whether a large entry compresses, judged by these samples. Level 1: Huffman coding is where weights gain. */
export async function samplesDeflate(samples: readonly Uint8Array[], size: number): Promise<boolean> {
  const packed = await Promise.all(samples.map((sample) => onPool(sample, { level: 1 })));
  const total = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0);
  const share = total(packed) / total(samples);
  return worthDeflating(1, share) && !looksLikeBomb(size, size * share);
}

function onPool(bytes: Uint8Array, options: ZlibOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    deflateRaw(bytes, options, (error, packed) => (error ? reject(error) : resolve(packed)));
  });
}
