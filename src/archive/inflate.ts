import { constants, createInflateRaw, inflateRawSync } from "node:zlib";
import { AnomalyError } from "./archive.ts";
import type { ByteSource } from "./byte-source.ts";
import { feed } from "./feed.ts";
import { type Inflating, yauzlInflate } from "./yauzl-inflate.ts";

/** What is to be unpacked, and what it must yield. */
export interface Deflated {
  readonly path: string;
  readonly size: number;
}

const smallPacked = 1 << 20;
const smallSize = 4 << 20;
/** Above, the blocks of 16 KiB that yauzl hands on take most of the time (docs/decisions/inflate.md). */
const yauzlUpTo = 64 << 20;

/**
 * Unpacks raw deflate data. Never yields more than the declared size; throws AnomalyError where the data is damaged,
 * is longer or shorter than declared, or ends before its packed bytes do.
 */
export async function* inflate(packed: ByteSource, entry: Deflated): AsyncGenerator<Uint8Array> {
  if (isSmall(packed.size, entry)) {
    yield inflateSmall(await packed.read(0, packed.size), entry);
    return;
  }
  const engine = entry.size <= yauzlUpTo ? await yauzlInflate(packed) : directly(packed);
  let size = 0;
  try {
    for await (const block of engine) {
      if (!(block instanceof Uint8Array)) continue;
      size += block.length;
      if (size > entry.size) throw tooLong(entry);
      yield block;
    }
  } catch (error) {
    throw damaged(error, entry);
  } finally {
    engine.destroy();
  }
  finish(engine.bytesWritten, packed.size, size, entry);
}

function directly(packed: ByteSource): Inflating {
  const engine = createInflateRaw({ chunkSize: 1 << 18 });
  void feed(packed, engine);
  return engine;
}

export function isSmall(packedSize: number, { size }: Deflated): boolean {
  return packedSize <= smallPacked && size <= smallSize;
}

/** Thousands of small entries cost less without a stream each. Throws AnomalyError as `inflate` does. */
export function inflateSmall(packed: Uint8Array, entry: Deflated): Uint8Array {
  let consumed = packed.length;
  let bytes: Uint8Array;
  try {
    const result: unknown = inflateRawSync(packed, {
      maxOutputLength: entry.size + 1,
      chunkSize: Math.max(64, Math.min(entry.size + 1, 1 << 16)),
      finishFlush: constants.Z_FINISH,
      info: true,
    });
    ({ bytes, consumed } = informed(result));
  } catch (error) {
    throw damaged(error, entry);
  }
  finish(consumed, packed.length, bytes.length, entry);
  return bytes;
}

/** With `info`, Node returns `{buffer, engine}`, which its type declarations do not know. */
function informed(result: unknown): { readonly bytes: Uint8Array; readonly consumed: number } {
  if (typeof result === "object" && result !== null && "buffer" in result && "engine" in result) {
    const { buffer, engine } = result;
    if (buffer instanceof Uint8Array && typeof engine === "object" && engine !== null && "bytesWritten" in engine) {
      return { bytes: buffer, consumed: Number(engine.bytesWritten) };
    }
  }
  throw new TypeError("zlib returned neither buffer nor engine");
}

function finish(consumed: number, packed: number, size: number, entry: Deflated): void {
  const at = entry.path;
  if (size > entry.size) throw tooLong(entry);
  if (size < entry.size) {
    const message = `The data unpacks to ${size} bytes; ${entry.size} are declared.`;
    throw new AnomalyError({ rule: "archive/size-mismatch", message, at });
  }
  if (consumed < packed) {
    const message = `${packed - consumed} packed bytes follow the end of the data; TorchServe goes on reading there.`;
    throw new AnomalyError({ rule: "archive/corrupt-data", message, at });
  }
}

function tooLong(entry: Deflated): AnomalyError {
  const message = `The data unpacks to more than the declared ${entry.size} bytes.`;
  return new AnomalyError({ rule: "archive/size-mismatch", message, at: entry.path });
}

/** zlib's own codes mean damaged data; everything else is no statement about the archive. */
function damaged(error: unknown, entry: Deflated): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  if (error.code === "ERR_BUFFER_TOO_LARGE") return tooLong(entry);
  const zlib = typeof error.code === "string" && error.code.startsWith("Z_");
  if (!zlib) return error;
  const message = `The data cannot be unpacked: ${error.message}.`;
  return new AnomalyError({ rule: "archive/corrupt-data", message, at: entry.path });
}
