import { Worker } from "node:worker_threads";
import type { FilePosition } from "./byte-source.ts";
import { joinCrc32 } from "./crc-join.ts";
import { translated } from "./file-source.ts";
import { threadEnded, type ThreadHasher, threadHasher } from "./hash-thread.ts";
import { apart, type Part } from "./inner-crc.ts";
import { blockSize, type Checksums, copyingBlocks } from "./read-once.ts";

// Source text, for the reason that hash-thread.ts gives. Pushes blocks to the hashing thread as `push` there does.
const threadSource = `
const { parentPort, workerData } = require("node:worker_threads");
const { openSync, readSync, closeSync } = require("node:fs");
const { crc32 } = require("node:zlib");
const { blockSize, slots, shared } = workerData;
const counts = shared && new Int32Array(shared.counts);
const ranges = shared && new Int32Array(shared.ranges);
const memory = new Uint8Array(shared ? shared.memory : blockSize);
const makeHash = shared ? null : require("node:crypto").createHash;
function settle() {
  for (;;) {
    const done = Atomics.load(counts, 1);
    if (Atomics.load(counts, 0) - done < slots) return;
    Atomics.wait(counts, 1, done);
  }
}
function push(start, length) {
  const count = Atomics.load(counts, 0);
  ranges[(2 * count) % ranges.length] = start;
  ranges[(2 * count + 1) % ranges.length] = length;
  Atomics.store(counts, 0, count + 1);
  Atomics.notify(counts, 0);
}
function sum({ file, offset, size, ends }) {
  const fd = openSync(file, "r");
  try {
    const crcs = [];
    const hash = makeHash && makeHash("sha256");
    for (let position = 0, at = 0, crc = 0; position < size; position += blockSize) {
      if (!hash) settle();
      const start = (position / blockSize) % slots * blockSize;
      const length = Math.min(blockSize, size - position);
      for (let read = 0; read < length; ) {
        const count = readSync(fd, memory, start + read, length - read, offset + position + read);
        if (count === 0) throw new Error("it became shorter while it was read");
        read += count;
      }
      if (hash) hash.update(memory.subarray(start, start + length));
      else push(start, length);
      for (let from = 0; from < length; ) {
        const to = Math.min(ends[at] - position, length);
        crc = crc32(memory.subarray(start + from, start + to), crc);
        from = to;
        if (position + to === ends[at]) {
          crcs.push(crc);
          crc = 0;
          at += 1;
        }
      }
    }
    return { crcs, sha256: hash && hash.digest("hex") };
  } finally {
    closeSync(fd);
  }
}
parentPort.on("message", (range) => {
  try {
    parentPort.postMessage(sum(range));
  } catch (error) {
    parentPort.postMessage({ failure: { code: error.code, message: error.message } });
  }
});`;

/** A failure loses its code on the way between threads, unless it is told. */
interface Failure {
  readonly code: string | undefined;
  readonly message: string;
}

type Answer = { readonly crcs: readonly number[]; readonly sha256: string | null } | { readonly failure: Failure };

/**
 * Sums of runs of a file, read on a thread of its own and hashed there or on another: the thread that judges the archive
 * goes on meanwhile. One run at a time.
 */
export class FileSums {
  readonly #hasher: ThreadHasher | null;
  readonly #reader: Worker;
  #fail: (error: unknown) => void = () => undefined;
  #take: (answer: Answer) => void = () => undefined;

  /** Without a hasher the reading thread hashes, too. */
  constructor(hasher: ThreadHasher | null = threadHasher(copyingBlocks * blockSize)) {
    this.#hasher = hasher;
    const workerData = { shared: hasher?.shared, blockSize, slots: hasher === null ? 1 : copyingBlocks };
    this.#reader = new Worker(threadSource, { eval: true, workerData });
    this.#reader.on("message", (answer: Answer) => this.#take(answer));
    this.#reader.on("error", (error) => this.#fail(threadEnded("reading", error)));
    this.#reader.on("exit", () => this.#fail(threadEnded("reading")));
  }

  /**
   * CRC-32 and SHA-256 of `size` bytes at a place in a file, and the CRC-32 of `parts` of them; one that overlaps the
   * part before it gets none. Throws ArchiverError `unreadable` or `out-of-memory`, or the reason of the signal.
   */
  async of<T extends Part>(
    { file, offset }: FilePosition,
    size: number,
    parts: readonly T[],
    signal?: AbortSignal,
  ): Promise<Checksums & { readonly parts: ReadonlyMap<T, number> }> {
    const runs = runsBetween(parts, size);
    const answer = await this.#ask({ file, offset, size, ends: runs.map(({ end }) => end) }, signal);
    // Of a run that failed, too: the next one begins with an empty hash.
    const hashed = await this.#hasher?.finish();
    if ("failure" in answer) {
      const { code, message } = answer.failure;
      throw translated(Object.assign(new Error(message), { code }), file);
    }
    let crc32 = 0;
    let start = 0;
    const sums = new Map<T, number>();
    for (const [i, { end, part }] of runs.entries()) {
      const crc = answer.crcs[i] ?? 0;
      if (part !== null) sums.set(part, crc);
      crc32 = joinCrc32(crc32, crc, end - start);
      start = end;
    }
    return { crc32, sha256: answer.sha256 ?? hashed ?? "", parts: sums };
  }

  #ask(range: FilePosition & { size: number; ends: readonly number[] }, signal?: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal?.reason);
      const settled = (): void => signal?.removeEventListener("abort", stop);
      this.#take = (answer) => (settled(), resolve(answer));
      this.#fail = (error) => (settled(), reject(error));
      // The reading thread then waits for ever for a block to be hashed; `close` ends it.
      this.#hasher?.ended.catch((error) => this.#fail(error));
      signal?.addEventListener("abort", stop, { once: true });
      this.#reader.postMessage(range);
    });
  }

  async close(): Promise<void> {
    this.#fail = () => undefined;
    await Promise.all([this.#reader.terminate(), this.#hasher?.close()]);
  }
}

interface Run<T> {
  readonly end: number;
  readonly part: T | null;
}

/** The parts and what lies between them, without a gap from 0 to `size`. Empty ones have no run. */
function runsBetween<T extends Part>(parts: readonly T[], size: number): Run<T>[] {
  const runs: Run<T>[] = [];
  let at = 0;
  for (const part of apart(parts)) {
    if (part.length === 0) continue;
    if (part.offset > at) runs.push({ end: part.offset, part: null });
    at = part.offset + part.length;
    runs.push({ end: at, part });
  }
  if (at < size) runs.push({ end: size, part: null });
  return runs;
}
