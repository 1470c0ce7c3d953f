import { Readable } from "node:stream";
import type { ByteSource } from "./byte-source.ts";
import { blocks } from "./byte-source.ts";

/** Plain bytes as they are unpacked, and how many packed ones that took. */
export interface Inflating extends AsyncIterable<unknown> {
  readonly bytesWritten: number;
  destroy(): unknown;
}

/** An end record without entries: all that yauzl must see to take a file for a ZIP. */
const emptyEnd = Buffer.from("PK\x05\x06".padEnd(22, "\0"), "latin1");

/**
 * Deflate data unpacked by yauzl. It is shown the packed bytes and an empty directory instead of the archive: what the
 * archive's own records say was judged before, and yauzl must not find another meaning in them.
 */
export async function yauzlInflate(packed: ByteSource): Promise<Inflating> {
  // The default export: bundlers give a CommonJS module no other.
  const { default: yauzl } = await import("yauzl");
  class PackedReader extends yauzl.RandomAccessReader {
    override _readStreamForRange(start: number, end: number): Readable {
      return Readable.from(withEnd(packed, start, end), { objectMode: false });
    }
  }
  const size = packed.size + emptyEnd.length;
  const options = { autoClose: false, validateEntrySizes: false };
  const zip = await yauzl.fromRandomAccessReaderPromise(new PackedReader(), size, options);
  return new Promise((resolve, reject) => {
    // The promise form of this function calls another one (yauzl 3.4.0).
    zip.openReadStreamLowLevel(0, packed.size, 0, packed.size, true, null, (error, stream) => {
      if (error !== null && error !== undefined) reject(error);
      else if (isInflating(stream)) resolve(stream);
      else reject(new TypeError("yauzl gave a stream that does not count"));
    });
  });
}

/** Without a check of sizes yauzl hands out zlib's own stream. */
function isInflating(stream: Readable): stream is Readable & Inflating {
  return "bytesWritten" in stream && typeof stream.bytesWritten === "number";
}

async function* withEnd(packed: ByteSource, start: number, end: number): AsyncGenerator<Uint8Array> {
  yield* blocks(packed, start, Math.min(end, packed.size), 1 << 18);
  if (end > packed.size) yield emptyEnd.subarray(Math.max(0, start - packed.size), end - packed.size);
}
