import type { ByteSource } from "./byte-source.ts";

/**
 * Reads small records that lie scattered over a source, in rising order. Where they lie close together (thousands of
 * small entries) a large window serves many of them; where they are far apart only the record itself is read.
 */
export class HeaderWindow {
  readonly #source: ByteSource;
  readonly #size: number;
  #start = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  /** `spacing`: bytes between two records, on average. */
  constructor(source: ByteSource, spacing: number) {
    this.#source = source;
    this.#size = spacing < 16_384 ? 262_144 : 512;
  }

  /** At least `length` bytes from `at`, or fewer where the source ends; often more. */
  async read(at: number, length: number): Promise<Uint8Array> {
    const from = at - this.#start;
    const inside = from >= 0 && from + length <= this.#bytes.length;
    if (!inside) {
      const count = Math.max(0, Math.min(Math.max(length, this.#size), this.#source.size - at));
      this.#bytes = count === 0 ? new Uint8Array(0) : await this.#source.read(at, count);
      this.#start = at;
    }
    return this.#bytes.subarray(at - this.#start);
  }
}
