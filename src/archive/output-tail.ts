import type { DiskFile } from "./disk.ts";

const bufferSize = 1 << 20;

/** Appends to a file in few large writes; what is appended may be reused as soon as the promise settles. */
export class OutputTail {
  readonly #file: DiskFile;
  #buffer: Uint8Array | null = null;
  #filled = 0;
  #flushed: number;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: DiskFile, position = 0) {
    this.#file = file;
    this.#flushed = position;
  }

  /** Where the next byte goes. */
  get position(): number {
    return this.#flushed + this.#filled;
  }

  async append(bytes: Uint8Array): Promise<void> {
    if (this.#filled > 0 && this.#filled + bytes.length > bufferSize) await this.flush();
    if (bytes.length >= bufferSize) {
      await this.#file.write(bytes, this.#flushed);
      this.#flushed += bytes.length;
      return;
    }
    this.#buffer ??= new Uint8Array(bufferSize);
    this.#buffer.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  async flush(): Promise<void> {
    if (this.#filled === 0 || this.#buffer === null) return;
    const bytes = this.#buffer.subarray(0, this.#filled);
    this.#writing = this.#file.write(bytes, this.#flushed);
    await this.#writing;
    this.#flushed += bytes.length;
    this.#filled = 0;
  }

  /** Goes on at `position` after somebody else wrote there. Call `flush` first. */
  moveTo(position: number): void {
    this.#flushed = position;
  }

  /** Waits until nothing is being written, whatever became of it. */
  async settle(): Promise<void> {
    await this.#writing.catch(() => undefined);
  }
}
