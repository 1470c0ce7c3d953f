import { crc32 } from "node:zlib";
import { deflateBlock, windowOf } from "./block-deflate.ts";
import type { DiskFile } from "./disk.ts";
import { blockSize } from "./read-once.ts";

/** RFC 1952 without name and time, so that equal input gives equal bytes; the last byte says "unknown system". */
const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
/** Blocks being compressed at a time: what libuv's pool has threads for, and two waiting. */
const inFlight = 6;

/** One gzip member, compressed in blocks of 1 MiB on the thread pool; the same bytes whatever the number of cores. */
export class BlockGzip {
  readonly #file: DiskFile;
  #block = new Uint8Array(blockSize);
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  #filled = 0;
  #before: Uint8Array = new Uint8Array(0);
  #crc = 0;
  #plain = 0;
  #position = header.length;
  #closed = false;
  #lastWrite: Promise<void>;
  readonly #pending: Promise<void>[] = [];

  constructor(file: DiskFile) {
    this.#file = file;
    // From start to end, so that the file can be digested on the way.
    this.#lastWrite = file.write(header, 0);
    this.#lastWrite.catch(() => undefined);
  }

  /** Bytes written. */
  get size(): number {
    return this.#position;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#crc = crc32(bytes, this.#crc);
    this.#plain += bytes.length;
    for (let at = 0; at < bytes.length;) {
      if (this.#filled === blockSize) await this.#compress(false);
      const part = bytes.subarray(at, at + blockSize - this.#filled);
      this.#block.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
    }
  }

  async end(): Promise<void> {
    await this.#compress(true);
    await this.#lastWrite;
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(this.#crc, 0);
    trailer.writeUInt32LE(this.#plain % 2 ** 32, 4);
    await this.#file.write(trailer, this.#position);
    this.#position += trailer.length;
  }

  /** Takes nothing more, and waits until nothing is being written, whatever became of it. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled([...this.#pending, this.#lastWrite]);
  }

  async #compress(last: boolean): Promise<void> {
    if (this.#closed) throw new Error("the gzip member is closed");
    const block = this.#block.subarray(0, this.#filled);
    this.#block = last ? block : (this.#free.pop() ?? new Uint8Array(blockSize));
    this.#filled = 0;
    const packing = deflateBlock(block, this.#before, last);
    const recycle = (): unknown => this.#free.push(new Uint8Array(block.buffer));
    packing.then(recycle, recycle);
    this.#before = windowOf(block);
    this.#lastWrite = Promise.all([packing, this.#lastWrite]).then(async ([packed]) => {
      await this.#file.write(packed, this.#position);
      this.#position += packed.length;
    });
    this.#lastWrite.catch(() => undefined);
    this.#pending.push(this.#lastWrite);
    if (this.#pending.length >= inFlight) await this.#pending.shift();
  }
}
