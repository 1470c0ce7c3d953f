import { crc32 } from "node:zlib";

/** A run of bytes inside of an entry. */
export interface Part {
  readonly offset: number;
  readonly length: number;
}

/** CRC-32 of parts of an entry, taken while its blocks pass by in order. */
export class PartSums<T extends Part> {
  readonly sums = new Map<T, number>();
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

  take(block: Uint8Array, position: number): void {
    const end = position + block.length;
    for (let part = this.#parts[this.#next]; part !== undefined; part = this.#parts[this.#next]) {
      if (part.offset >= end) return;
      const from = Math.max(part.offset, position) - position;
      const to = Math.min(part.offset + part.length, end) - position;
      this.sums.set(part, crc32(block.subarray(from, to), this.sums.get(part) ?? 0));
      if (part.offset + part.length > end) return;
      this.#next += 1;
    }
  }
}
