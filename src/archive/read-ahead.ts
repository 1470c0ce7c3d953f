import type { ByteSource } from "./byte-source.ts";
import { fill } from "./byte-source.ts";

const windowSize = 1 << 19;
/** What is this near to the window's end is taken for reading on; a jump costs only what was asked for. */
const near = 1 << 14;

/**
 * The same bytes, small reads served from a window that moves forward: 60,000 small entries cost dozens of reads, and
 * the headers between large ones are no reason to read those twice.
 */
export function readAhead(source: ByteSource): ByteSource {
  let start = 0;
  let window: Promise<Uint8Array> = Promise.resolve(new Uint8Array(0));
  let length = 0;
  return {
    size: source.size,
    position: source.position,
    async read(offset, count) {
      const outside = offset < 0 || offset + count > source.size;
      if (outside || count > windowSize / 4) return source.read(offset, count);
      if (offset < start || offset + count > start + length) {
        const onwards = offset >= start && offset <= start + length + near;
        start = offset;
        length = Math.min(onwards ? windowSize : Math.max(count, near), source.size - offset);
        window = source.read(start, length);
      }
      const from = offset - start;
      return (await window).subarray(from, from + count);
    },
    readInto: (target, offset) => fill(source, target, offset),
  };
}
