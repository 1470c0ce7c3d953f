import { Worker } from "node:worker_threads";
import { ArchiverError } from "../errors.ts";
import type { Hasher } from "./hasher.ts";

// Source text, because a worker file would have to be found from the sources, from dist/ and from the bundle.
const threadSource = `
const { parentPort, workerData } = require("node:worker_threads");
const { createHash } = require("node:crypto");
const counts = new Int32Array(workerData.counts);
const ranges = new Int32Array(workerData.ranges);
const memory = new Uint8Array(workerData.memory);
let hash = createHash("sha256");
for (let done = 0; ; ) {
  Atomics.wait(counts, 0, done);
  if (Atomics.load(counts, 0) === done) continue;
  const at = (2 * done) % ranges.length;
  if (ranges[at + 1] === 0) {
    parentPort.postMessage(hash.digest("hex"));
    hash = createHash("sha256");
  } else hash.update(memory.subarray(ranges[at], ranges[at] + ranges[at + 1]));
  done += 1;
  Atomics.store(counts, 1, done);
  Atomics.notify(counts, 1);
}`;

/** Indexes of what both threads count: ranges asked for, and ranges done. */
const asked = 0;
const done = 1;
/** Ranges that can wait; more than a ring has blocks. A range of no bytes asks for the digest. */
const queue = 1024;
/** Milliseconds to wait for a block before the event loop gets a turn: the thread may have ended. */
const patience = 5;

/** What the hashing thread shares with who gives it blocks. */
export interface ThreadHasher extends Hasher {
  /** Rejects once the thread has ended: whoever waits on the counters alone never learns it. */
  readonly ended: Promise<never>;
  readonly shared: {
    readonly memory: SharedArrayBuffer;
    readonly counts: SharedArrayBuffer;
    readonly ranges: SharedArrayBuffer;
  };
}

/**
 * On a thread of its own over shared memory: SHA-256 runs at 1.4 GB/s a core, so with CRC-32 and the copying on
 * another core the whole takes as long as `openssl sha256`. Both sides wait on counters in shared memory: a message
 * each way costs a tenth of hashing a mebibyte.
 */
export function threadHasher(bytes: number): ThreadHasher {
  const shared = {
    memory: new SharedArrayBuffer(bytes),
    counts: new SharedArrayBuffer(8),
    ranges: new SharedArrayBuffer(8 * queue),
  };
  const memory = new Uint8Array(shared.memory);
  const counts = new Int32Array(shared.counts);
  const ranges = new Int32Array(shared.ranges);
  const worker = new Worker(threadSource, { eval: true, workerData: shared });
  let failure: unknown = null;
  let waiting: { resolve(hex: string): void; reject(error: unknown): void } | null = null;
  let end: (error: unknown) => void = () => undefined;
  const ended = new Promise<never>((_, reject) => (end = reject));
  ended.catch(() => undefined);
  const fail = (error: unknown): void => {
    failure ??= error;
    waiting?.reject(failure);
    end(failure);
  };
  worker.on("message", (hex: string) => waiting?.resolve(hex));
  worker.on("error", (error) => fail(threadEnded("hashing", error)));
  worker.on("exit", () => fail(threadEnded("hashing")));
  const ask = (start: number, length: number): void => {
    const count = Atomics.load(counts, asked);
    ranges.set([start, length], (2 * count) % ranges.length);
    Atomics.store(counts, asked, count + 1);
    Atomics.notify(counts, asked);
  };
  return {
    memory,
    shared,
    ended,
    push(block) {
      // No bytes would be the mark for "digest".
      if (block.length > 0) ask(block.byteOffset, block.length);
    },
    async settle(most) {
      for (;;) {
        if (failure !== null) throw failure;
        const count = Atomics.load(counts, done);
        if (Atomics.load(counts, asked) - count <= most) return;
        if (Atomics.wait(counts, done, count, patience) === "timed-out") await new Promise(setImmediate);
      }
    },
    finish: () =>
      new Promise((resolve, reject) => {
        if (failure !== null) return reject(failure);
        waiting = { resolve, reject };
        ask(0, 0);
      }),
    async close() {
      await worker.terminate();
    },
  };
}

/** Why a thread is gone that should wait for work. None of ours throws: memory ran out, of a thread or of a container. */
export function threadEnded(which: string, cause?: unknown): ArchiverError {
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new ArchiverError("out-of-memory", `The ${which} thread ended${why}`, { cause });
}
