import type { ByteSource } from "../archive/byte-source.ts";

const smallest = 512;
const largest = 1 << 16;

/**
 * A window that slides over a source. Reading on doubles the block, jumping starts small again: headers between large
 * payloads cost about their own size, runs of small messages few reads.
 */
export class ReadWindow {
  readonly source: ByteSource;
  private bytes: Uint8Array = new Uint8Array(0);
  private start = 0;
  private block = smallest;

  constructor(source: ByteSource) {
    this.source = source;
  }

  /** Whether `length` bytes from `at` are in memory. */
  has(at: number, length: number): boolean {
    return at >= this.start && at + length <= this.start + this.bytes.length;
  }

  /** Brings `length` bytes from `at` into memory; they must lie inside the source. */
  async load(at: number, length: number): Promise<void> {
    const end = this.start + this.bytes.length;
    this.block = at >= this.start && at <= end ? Math.min(this.block * 2, largest) : smallest;
    const count = Math.min(Math.max(length, this.block), this.source.size - at);
    const { buffer, byteOffset, length: got } = await this.source.read(at, count);
    // No Buffer: a view of one costs several times as much as one of a plain array.
    this.bytes = new Uint8Array(buffer, byteOffset, got);
    this.start = at;
  }

  /** Bytes that `has` told are there. */
  view(at: number, length: number): Uint8Array {
    return this.bytes.subarray(at - this.start, at - this.start + length);
  }

  /** One byte that is there; undefined where it is not. */
  byte(at: number): number | undefined {
    return this.bytes[at - this.start];
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    if (!this.has(at, length)) await this.load(at, length);
    return this.view(at, length);
  }
}
