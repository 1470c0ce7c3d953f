import fs from "node:fs";

/**
 * Milliseconds that a call may hold up the event loop. A mebibyte of the page cache takes 0.2; what takes longer waits
 * for its medium.
 */
const patience = 1;

/**
 * Positioned reads and writes of an open file. While the medium answers at once they are made on this thread: the trip
 * to the thread pool and back costs a third of copying a mebibyte, and the block leaves the core's cache
 * (docs/performance.md). A medium that lets us wait is waited for on the pool, until it is fast again.
 */
export class FileCalls {
  readonly #fd: number;
  #lastTook = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Gives the bytes read, 0 at the end. */
  read(into: Uint8Array, from: number, position: number): Promise<number> {
    const { length } = into;
    return this.#call(
      () => fs.readSync(this.#fd, into, from, length - from, position),
      (done) => fs.read(this.#fd, into, from, length - from, position, done),
    );
  }

  /** Gives the bytes written. */
  write(bytes: Uint8Array, from: number, position: number): Promise<number> {
    const { length } = bytes;
    return this.#call(
      () => fs.writeSync(this.#fd, bytes, from, length - from, position),
      (done) => fs.write(this.#fd, bytes, from, length - from, position, done),
    );
  }

  async #call(
    here: () => number,
    onPool: (done: (error: Error | null, count: number) => void) => void,
  ): Promise<number> {
    // Not `performance`, whose module takes longer to load than `inspect` reads.
    const started = process.hrtime.bigint();
    const count =
      this.#lastTook <= patience
        ? here()
        : await new Promise<number>((resolve, reject) => {
            onPool((error, done) => (error ? reject(error) : resolve(done)));
          });
    this.#lastTook = Number(process.hrtime.bigint() - started) / 1e6;
    return count;
  }
}
