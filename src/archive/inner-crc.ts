import { crc32 } from "node:zlib";
import { joinCrc32 } from "./crc-join.ts";

/** A run of bytes inside of an entry. */
export interface Part {
  readonly offset: number;
  readonly length: number;
}

/** CRC-32 of an entry and of parts of it, taken while its blocks pass by in order; each byte is summed once. */
export class PartSums<T extends Part> {
  readonly sums = new Map<T, number>();
  /** Of all blocks so far, up to the run that is being summed. */
  #before = 0;
  /** Of the run from the last border: a part, or bytes between two. */
  #run = 0;
  #runLength = 0;
  readonly #parts: readonly T[];
  #next = 0;

  /** Parts in rising order; one that overlaps the part before it gets no sum. */
  constructor(parts: readonly T[]) {
    let end = 0;
    this.#parts = parts
      .toSorted((a, b) => a.offset - b.offset)
      .filter((part) => {
        const apart = part.offset >= end;
        if (apart) end = part.offset + part.length;
        return apart;
      });
  }

  /** Of all blocks so far. */
  get whole(): number {
    return joinCrc32(this.#before, this.#run, this.#runLength);
  }

  take(block: Uint8Array, position: number): void {
    let at = position;
    const end = position + block.length;
    const sumTo = (border: number): void => {
      this.#run = crc32(block.subarray(at - position, border - position), this.#run);
      this.#runLength += border - at;
      at = border;
    };
    for (let part = this.#parts[this.#next]; part !== undefined; part = this.#parts[this.#next]) {
      if (part.offset >= end) break;
      if (part.offset >= at) {
        sumTo(part.offset);
        this.#closeRun();
      }
      sumTo(Math.min(part.offset + part.length, end));
      if (part.offset + part.length > end) return;
      this.sums.set(part, this.#run);
      this.#closeRun();
      this.#next += 1;
    }
    sumTo(end);
  }

  #closeRun(): void {
    this.#before = this.whole;
    this.#run = 0;
    this.#runLength = 0;
  }
}
