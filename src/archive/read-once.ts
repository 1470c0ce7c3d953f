import { crc32 } from "node:zlib";
import { ArchiverError } from "../errors.ts";
import type { OpenSource } from "./entry-source.ts";
import { type Hasher, localHasher } from "./hasher.ts";

/** 1 MiB: larger blocks gain nothing, smaller ones cost calls (measured, docs/performance.md). */
export const blockSize = 1 << 20;
/** Blocks in flight where copying is all: one read, one hashed, one written, one to spare; more only leave the cache. */
export const copyingBlocks = 4;
/** Blocks in flight where each is compressed: libuv's pool has as many threads unless told otherwise, and some wait. */
const compressingBlocks = Math.max(6, Number(process.env["UV_THREADPOOL_SIZE"] ?? 4) + 2);
/** From here on a second thread earns its start-up (15 ms) back. */
export const threadFrom = 24 << 20;

/** CRC-32 and SHA-256 of an entry's plain bytes. */
export interface Checksums {
  readonly crc32: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes done since the last call. */
  readonly onBytes?: ((count: number) => void) | undefined;
  /** False: nobody wants the CRC-32, which then is 0. */
  readonly crc?: boolean;
}

/** The ring of blocks that large entries pass through, one entry after the other. */
export class BlockRing {
  readonly #hasher: Hasher;

  private constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  /** `largest` is the size of the largest entry to come; it decides whether hashing gets a thread. */
  static async for(largest: number): Promise<BlockRing> {
    const bytes = blockSize * Math.max(1, Math.min(compressingBlocks, Math.ceil(largest / blockSize)));
    if (largest < threadFrom) return new BlockRing(localHasher(bytes));
    const { threadHasher } = await import("./hash-thread.ts");
    return new BlockRing(threadHasher(bytes));
  }

  /**
   * Reads `source` once, from start to end. `sink` gets each block in order, with its position; the block is its own
   * until the promise settles. SHA-256 and the sink overlap with reading and CRC-32; `compresses` lets more blocks
   * overlap.
   */
  async pass(
    source: OpenSource,
    size: number,
    sink: (block: Uint8Array, position: number) => Promise<void>,
    options: ReadOptions,
    compresses = false,
  ): Promise<Checksums> {
    const available = this.#hasher.memory.length / blockSize;
    const slots = compresses ? available : Math.min(available, copyingBlocks);
    const sinks: Promise<void>[] = [];
    const read = async (position: number): Promise<Uint8Array> => {
      const slot = (position / blockSize) % slots;
      await sinks[slot];
      await this.#hasher.settle(slots - 1);
      const block = this.#block(slot, Math.min(blockSize, size - position));
      await source.read(block, position);
      return block;
    };
    let crc = 0;
    let next = size > 0 ? read(0) : null;
    try {
      for (let position = 0; next !== null; position += blockSize) {
        const block: Uint8Array = await next;
        stopIfAborted(options.signal);
        this.#hasher.push(block);
        if (options.crc !== false) crc = crc32(block, crc);
        next = position + blockSize < size ? read(position + blockSize) : null;
        next?.catch(() => undefined);
        const work = sink(block, position);
        work.catch(() => undefined);
        sinks[(position / blockSize) % slots] = work;
        options.onBytes?.(block.length);
        // Files are read and written on this thread; timers and Ctrl-C get their turn here.
        await new Promise(setImmediate);
      }
      await Promise.all(sinks);
    } finally {
      // Nothing may still read into a block, or write to a file that the caller is about to close.
      await Promise.allSettled([next, ...sinks]);
    }
    return { crc32: crc, sha256: await this.#hasher.finish() };
  }

  close(): Promise<void> {
    return this.#hasher.close();
  }

  #block(slot: number, length: number): Uint8Array {
    return this.#hasher.memory.subarray(slot * blockSize, slot * blockSize + length);
  }
}

/** Throws ArchiverError `interrupted` once the signal is aborted. */
export function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ArchiverError("interrupted", "interrupted", { cause: signal.reason });
}
