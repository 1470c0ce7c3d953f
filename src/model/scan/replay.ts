import { AnomalyError } from "../../archive/archive.ts";
import type { ByteSource } from "../../archive/byte-source.ts";

/** Bytes behind the furthest one read that stay in memory. */
const kept = 1 << 20;

/**
 * What a compression bomb unpacks to, kept nowhere: read forward as it is unpacked, and from its start again where a
 * reader goes back further than a mebibyte. One read at a time.
 */
export class Replay implements ByteSource {
  readonly size: number;
  readonly position = null;
  readonly #start: () => AsyncIterable<Uint8Array>;
  #stream: AsyncIterator<Uint8Array> | null = null;
  #blocks: Uint8Array[] = [];
  /** Where the first of the blocks begins, and the last ends. */
  #from = 0;
  #to = 0;

  /** `start` unpacks from the beginning, and ends the work by an AnomalyError when it becomes too much. */
  constructor(size: number, start: () => AsyncIterable<Uint8Array>) {
    this.size = size;
    this.#start = start;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const end = offset + length;
    if (offset < 0 || length < 0 || end > this.size) {
      throw new RangeError(`bytes ${offset}..${end} are outside of ${this.size}`);
    }
    if (offset < this.#from) await this.close();
    while (this.#to < end) await this.#next(offset);
    return this.#view(offset, length);
  }

  async close(): Promise<void> {
    await this.#stream?.return?.();
    this.#stream = null;
    this.#blocks = [];
    this.#from = 0;
    this.#to = 0;
  }

  async #next(needed: number): Promise<void> {
    this.#stream ??= this.#start()[Symbol.asyncIterator]();
    const step = await this.#stream.next();
    if (step.done) throw new AnomalyError({ rule: "archive/size-mismatch", message: "ends too early", at: null });
    this.#blocks.push(step.value);
    this.#to += step.value.length;
    const droppable = Math.min(needed, this.#to - kept);
    for (let first = this.#blocks[0]; first !== undefined && this.#from + first.length <= droppable;) {
      this.#blocks.shift();
      this.#from += first.length;
      first = this.#blocks[0];
    }
  }

  #view(offset: number, length: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let at = this.#from;
    for (const block of this.#blocks) {
      if (at < offset + length && at + block.length > offset) {
        parts.push(block.subarray(Math.max(0, offset - at), offset + length - at));
      }
      at += block.length;
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, length);
  }
}
