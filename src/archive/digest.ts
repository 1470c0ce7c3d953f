import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Anomaly, BlockWatcher, Digest, Digests, Entry } from "./archive.ts";
import { AnomalyError } from "./archive.ts";
import type { ByteSource, FilePosition } from "./byte-source.ts";
import { fill } from "./byte-source.ts";
import { FileSums } from "./file-sums.ts";
import { PartSums } from "./inner-crc.ts";
import { isRuinous, type Limits } from "./limits.ts";
import { NestedArchives, startsArchive, type StoredPart, storedParts } from "./nested.ts";
import { BlockRing, threadFrom } from "./read-once.ts";
import type { ZipView } from "./zip-records.ts";
import { readZip } from "./zip-records.ts";

/** An archive as the digest pass needs it. */
export interface Digestible {
  readonly size: number;
  readonly entries: readonly Entry[];
  readonly anomalies: readonly Anomaly[];
  readonly limits: Limits;
  readonly signal?: AbortSignal | undefined;
  readonly tmpDir?: string | undefined;
  /** The plain bytes where they lie, or null where the entry must be unpacked. Throws AnomalyError. */
  inPlace(entry: Entry): Promise<ByteSource | null>;
  /** Gives back what `inPlace` gave. */
  release?(source: ByteSource): Promise<void>;
  open(entry: Entry): Promise<ByteSource>;
  stream(entry: Entry): AsyncIterable<Uint8Array>;
  /** Who else wants the bytes of an entry. */
  readonly watch?: ((entry: Entry) => BlockWatcher | null) | undefined;
}

/** Below, a second thread takes longer to start than it saves where two cores have enough to do. */
const twoThreadsFrom = 128 << 20;
/** Up to here an entry is read with one call and hashed with one. */
const small = 1 << 20;

/** Reads every entry once, in the order of the archive. */
export async function digestArchive(archive: Digestible): Promise<Digests> {
  const reason = archive.anomalies.find(isRuinous);
  if (reason !== undefined) return { of: new Map(), anomalies: [], refused: `after ${reason.rule}` };
  const known = new Set(archive.anomalies.map(({ rule, at }) => `${rule} ${at}`));
  const anomalies: Anomaly[] = [];
  const report = (anomaly: Anomaly): void => {
    if (!known.has(`${anomaly.rule} ${anomaly.at}`)) anomalies.push(anomaly);
  };
  const nested = new NestedArchives(archive, report);
  const pass = new Pass(archive, nested);
  pass.begin();
  const of = new Map<Entry, Digest>();
  try {
    for (const entry of archive.entries) {
      if (entry.kind !== "file") continue;
      archive.signal?.throwIfAborted();
      try {
        const digest = await pass.digest(entry);
        of.set(entry, digest);
        if (entry.crc32 !== null && entry.crc32 !== digest.crc32) {
          const message = `The data has the CRC-32 ${hex(digest.crc32)}; ${hex(entry.crc32)} is declared.`;
          report({ rule: "archive/crc-mismatch", message, at: entry.path });
        }
      } catch (error) {
        if (!(error instanceof AnomalyError)) throw error;
        report(error.anomaly);
      }
    }
  } finally {
    await pass.close();
  }
  return { of, anomalies, refused: null };
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}

/** What threads found of a large entry, and what it takes to look into it. */
interface Summed {
  readonly source: ByteSource;
  readonly zip: ZipView | null;
  readonly parts: ReadonlyMap<StoredPart, number>;
  readonly digest: Digest;
}

/** One way through the archive; the ring of blocks, or the threads, are made when the first large entry comes. */
class Pass {
  readonly #archive: Digestible;
  readonly #nested: NestedArchives;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  /** Large entries in the order of the archive; the first of them is being summed. */
  readonly #large: Entry[];
  #early: Promise<Summed | null> | undefined;
  #ring: BlockRing | undefined;
  #threads: FileSums | undefined;

  constructor(archive: Digestible, nested: NestedArchives) {
    this.#archive = archive;
    this.#nested = nested;
    this.#signal = archive.signal ? AbortSignal.any([archive.signal, this.#stop.signal]) : this.#stop.signal;
    const threaded = archive.watch ? [] : archive.entries;
    this.#large = threaded.filter(({ kind, size }) => kind === "file" && size >= threadFrom);
  }

  /** Has the next large entry summed by threads, before its turn: what is small is read meanwhile. */
  begin(): void {
    const [next] = this.#large;
    this.#early = next && !this.#signal.aborted ? this.#summed(next) : undefined;
    this.#early?.catch(() => undefined);
  }

  async digest(entry: Entry): Promise<Digest> {
    if (entry !== this.#large[0]) return this.#inTurn(entry);
    try {
      const summed = await this.#early;
      this.#early = undefined;
      return await (summed ? this.#lookedInto(entry, summed) : this.#inTurn(entry));
    } finally {
      this.#large.shift();
      this.begin();
    }
  }

  async #inTurn(entry: Entry): Promise<Digest> {
    const source = await this.#archive.inPlace(entry);
    if (source === null) return this.#unpacked(entry);
    try {
      return await this.#inPlace(entry, source);
    } finally {
      await this.#archive.release?.(source);
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    const left = await this.#early?.catch(() => null);
    if (left) await this.#archive.release?.(left.source);
    await Promise.all([this.#ring?.close(), this.#threads?.close()]);
  }

  async #lookedInto(entry: Entry, { source, zip, parts, digest }: Summed): Promise<Digest> {
    try {
      await this.#nested.scan(source, entry.path, zip, parts);
      return digest;
    } finally {
      await this.#archive.release?.(source);
    }
  }

  /** Null where the entry's bytes do not lie plainly in a file. */
  async #summed(entry: Entry): Promise<Summed | null> {
    const source = await this.#archive.inPlace(entry);
    if (source === null) return null;
    let summed: Summed | null = null;
    try {
      if (source.position !== null) summed = await this.#threadSums(source, source.position);
      return summed;
    } finally {
      if (summed === null) await this.#archive.release?.(source);
    }
  }

  async #threadSums(source: ByteSource, position: FilePosition): Promise<Summed> {
    this.#threads ??= new FileSums(this.#archive.size < twoThreadsFrom ? null : undefined);
    const zip = await this.#zipWithin(source);
    const inner = zip === null ? [] : storedParts(zip);
    const { parts, ...digest } = await this.#threads.of(position, source.size, inner, this.#signal);
    return { source, zip, parts, digest };
  }

  async #inPlace(entry: Entry, source: ByteSource): Promise<Digest> {
    if (source.size <= small) {
      const bytes = await source.read(0, source.size);
      this.#archive.watch?.(entry)?.(bytes, 0);
      if (startsArchive(bytes)) await this.#nested.scan(source, entry.path);
      return sums(bytes);
    }
    const watcher = this.#archive.watch?.(entry);
    const zip = await this.#zipWithin(source);
    const parts = new PartSums(zip === null ? [] : storedParts(zip));
    this.#ring ??= await BlockRing.for(this.#archive.entries.reduce((most, { size }) => Math.max(most, size), 0));
    const { sha256 } = await this.#ring.pass(
      { read: (block, position) => fill(source, block, position), close: async () => {} },
      source.size,
      async (block, position) => {
        watcher?.(block, position);
        parts.take(block, position);
      },
      { signal: this.#archive.signal, crc: false },
    );
    await this.#nested.scan(source, entry.path, zip, parts.sums);
    return { crc32: parts.whole, sha256 };
  }

  async #zipWithin(source: ByteSource): Promise<ZipView | null> {
    const head = await source.read(0, 4);
    return head[0] === 0x50 && head[1] === 0x4b ? readZip(source, this.#archive.limits) : null;
  }

  async #unpacked(entry: Entry): Promise<Digest> {
    const hash = createHash("sha256");
    let crc = 0;
    let position = 0;
    let first: Uint8Array | undefined;
    const watcher = this.#archive.watch?.(entry);
    for await (const block of this.#archive.stream(entry)) {
      first ??= block;
      crc = crc32(block, crc);
      hash.update(block);
      watcher?.(block, position);
      position += block.length;
    }
    if (first !== undefined && startsArchive(first)) {
      await this.#nested.scan(await this.#archive.open(entry), entry.path);
    }
    return { crc32: crc, sha256: hash.digest("hex") };
  }
}

function sums(bytes: Uint8Array): Digest {
  return { crc32: crc32(bytes), sha256: createHash("sha256").update(bytes).digest("hex") };
}
