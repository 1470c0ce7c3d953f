import { crc32 } from "node:zlib";
import { joinCrc32 } from "./crc-join.ts";

/** A run of bytes inside of an entry. */
export interface Part {
  readonly offset: number;
  readonly length: number;
}

/** Parts in rising order, without those that overlap the part before them. */
export function apart<T extends Part>(parts: readonly T[]): readonly T[] {
  let end = 0;
  return parts
    .toSorted((a, b) => a.offset - b.offset)
    .filter((part) => {
      if (part.offset < end) return false;
      end = part.offset + part.length;
      return true;
    });
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

  /** One of `parts` that overlaps the part before it gets no sum. */
  constructor(parts: readonly T[]) {
    this.#parts = apart(parts);
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
