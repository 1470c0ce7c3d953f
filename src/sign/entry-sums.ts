import { createHash, type Hash } from "node:crypto";
import { createInflateRaw, type InflateRaw } from "node:zlib";
import type { ZipEntry } from "../archive/zip-central.ts";

/** Digests of ZIP entries, computed from the blocks of the whole file as they pass by. */
export class EntrySums {
  /** Path to lower-case hex; null for an entry whose bytes are not what the container declares. */
  readonly digests = new Map<string, string | null>();
  readonly #waiting: Sum[];

  /** Entries must not overlap; those without a place in the file are left out. */
  constructor(entries: readonly ZipEntry[]) {
    this.#waiting = entries
      .filter((entry) => entry.kind === "file" && entry.dataOffset !== null)
      .map((entry) => new Sum(entry))
      .toSorted((a, b) => a.start - b.start || a.end - b.end);
  }

  /** The next block of the file. */
  async take(block: Uint8Array, position: number): Promise<void> {
    const end = position + block.length;
    for (let sum = this.#waiting[0]; sum !== undefined && sum.start < end; sum = this.#waiting[0]) {
      await sum.update(block.subarray(Math.max(0, sum.start - position), Math.min(block.length, sum.end - position)));
      if (sum.end > end) return;
      await this.#finish(sum);
    }
  }

  /** Entries without any bytes at the end of the file. */
  async end(): Promise<void> {
    for (let sum = this.#waiting[0]; sum !== undefined; sum = this.#waiting[0]) await this.#finish(sum);
  }

  async #finish(sum: Sum): Promise<void> {
    this.#waiting.shift();
    this.digests.set(sum.entry.path, await sum.finish());
  }
}

class Sum {
  readonly entry: ZipEntry;
  readonly start: number;
  readonly end: number;
  readonly #hash: Hash = createHash("sha256");
  #inflater: Inflater | undefined;

  constructor(entry: ZipEntry) {
    this.entry = entry;
    this.start = entry.dataOffset ?? 0;
    this.end = this.start + entry.packedSize;
  }

  async update(bytes: Uint8Array): Promise<void> {
    if (this.entry.method === "stored") this.#hash.update(bytes);
    if (this.entry.method !== "deflated") return;
    this.#inflater ??= new Inflater(this.#hash, this.entry.size);
    await this.#inflater.write(bytes);
  }

  async finish(): Promise<string | null> {
    if (this.entry.method === "unsupported") return null;
    const whole =
      this.entry.method === "stored"
        ? this.entry.size === this.entry.packedSize
        : ((await this.#inflater?.finish()) ?? false);
    return whole ? this.#hash.digest("hex") : null;
  }
}

/** Inflates into a hash, never more than the declared size. */
class Inflater {
  readonly #engine: InflateRaw = createInflateRaw();
  readonly #size: number;
  readonly #ended: Promise<void>;
  #done = 0;
  #sound = true;

  constructor(hash: Hash, size: number) {
    this.#size = size;
    this.#engine.on("data", (plain: Buffer) => {
      this.#done += plain.length;
      if (this.#done > size) this.#engine.destroy(new Error("longer than declared"));
      else hash.update(plain);
    });
    this.#ended = new Promise((resolve) => {
      this.#engine.once("close", resolve);
      this.#engine.once("end", resolve);
      this.#engine.once("error", () => {
        this.#sound = false;
        resolve();
      });
    });
  }

  /** The block may be used again once this has settled. */
  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#sound || this.#engine.destroyed || bytes.length === 0) return;
    const taken = new Promise<void>((resolve) => this.#engine.write(bytes, () => resolve()));
    await Promise.race([taken, this.#ended]);
  }

  async finish(): Promise<boolean> {
    if (!this.#engine.destroyed) this.#engine.end();
    await this.#ended;
    this.#engine.destroy();
    return this.#sound && this.#done === this.#size;
  }
}
