import { crc32 } from "node:zlib";
import type { Anomaly } from "./archive.ts";
import { AnomalyError } from "./archive.ts";
import type { ByteSource } from "./byte-source.ts";
import { memorySource, slice } from "./byte-source.ts";
import { gunzip } from "./gzip.ts";
import type { Part } from "./inner-crc.ts";
import type { Limits } from "./limits.ts";
import { isBomb } from "./limits.ts";
import { readTar, startsTar } from "./tar-records.ts";
import type { ZipEntry } from "./zip-central.ts";
import type { ZipView } from "./zip-records.ts";
import { packedBytes, readZip } from "./zip-records.ts";
import { plainBytes, streamZipEntry } from "./zip-stream.ts";

/** Whether these first bytes are those of a container that can hold others. */
export function startsArchive(bytes: Uint8Array): boolean {
  const [a, b, c, d] = bytes;
  if (a === 0x50 && b === 0x4b && c === 3 && d === 4) return true;
  return (a === 0x1f && b === 0x8b) || startsTar(bytes);
}

/** A stored record of a ZIP inside of an entry. */
export interface StoredPart extends Part {
  readonly record: ZipEntry;
}

export function storedParts(zip: ZipView): readonly StoredPart[] {
  return zip.entries.flatMap((record) => {
    if (record.method !== "stored" || record.dataOffset === null) return [];
    return [{ offset: record.dataOffset, length: record.packedSize, record }];
  });
}

/** The archive that they are in. */
interface OuterArchive {
  readonly size: number;
  readonly limits: Limits;
  readonly tmpDir?: string | undefined;
}

/** What stays in memory of an archive that lies packed in another. */
const inMemory = 256 << 20;

/**
 * Archives inside of entries, to the limit of depth and on one budget for all of them: a bomb may be spread over many
 * files and levels. The records of a nested ZIP (which each torch file is) must have the CRC-32 they declare.
 */
export class NestedArchives {
  readonly #outerSize: number;
  readonly #limits: Limits;
  readonly #tmpDir: string | undefined;
  readonly #report: (anomaly: Anomaly) => void;
  #unpacked = 0;
  #exhausted = false;

  constructor({ size, limits, tmpDir }: OuterArchive, report: (anomaly: Anomaly) => void) {
    this.#outerSize = size;
    this.#limits = limits;
    this.#tmpDir = tmpDir;
    this.#report = report;
  }

  /** `zip` and `known`: what is known already of the source and of its stored records' CRC-32. */
  async scan(
    source: ByteSource,
    at: string,
    zip: ZipView | null = null,
    known: ReadonlyMap<StoredPart, number> = new Map(),
    depth = 1,
  ): Promise<void> {
    const head = await source.read(0, Math.min(512, source.size));
    if (this.#exhausted || !startsArchive(head)) return;
    if (depth > this.#limits.nesting) {
      const message = `Archives are packed in each other more than ${this.#limits.nesting} deep.`;
      this.#report({ rule: "archive/nesting", message, at });
      this.#exhausted = true;
      return;
    }
    if (head[0] === 0x50) {
      const sums = new Map(Array.from(known, ([part, sum]) => [part.record, sum]));
      await this.#scanZip(source, zip ?? (await readZip(source, this.#limits)), at, sums, depth);
    } else if (head[0] === 0x1f) await this.#scanGzip(source, at, depth);
    else await this.#scanTar(source, at, depth);
  }

  /** Counts what unpacking yields; once it is too much nothing more is unpacked. */
  #spend(size: number, at: string): boolean {
    this.#unpacked += size;
    if (isBomb(this.#outerSize, this.#unpacked, this.#limits) || this.#unpacked > this.#limits.unpackedBytes) {
      const message = `With the archives inside of it, ${this.#outerSize} bytes unpack to more than ${this.#unpacked}.`;
      if (!this.#exhausted) this.#report({ rule: "archive/bomb", message, at });
      this.#exhausted = true;
    }
    return !this.#exhausted;
  }

  async #scanZip(
    source: ByteSource,
    zip: ZipView,
    at: string,
    sums: ReadonlyMap<ZipEntry, number>,
    depth: number,
  ): Promise<void> {
    const shared = zip.anomalies.find(({ rule }) => rule === "archive/overlap" || rule === "archive/bomb");
    if (shared !== undefined) {
      this.#report({ rule: "archive/bomb", message: `The archive inside of it: ${shared.message}`, at });
      return;
    }
    for (const record of zip.entries) {
      if (record.kind === "directory" || !this.#spend(record.size, at)) continue;
      try {
        await this.#scanRecord(source, record, at, sums.get(record), depth);
      } catch (error) {
        if (!(error instanceof AnomalyError)) throw error;
        const { rule, message } = error.anomaly;
        // Encrypted or unknown packing is no damage; whether a loader can live with it is its check's affair.
        if (rule !== "archive/packing-method") this.#report({ rule, message: `${record.path}: ${message}`, at });
      }
    }
  }

  async #scanRecord(
    source: ByteSource,
    record: ZipEntry,
    at: string,
    known: number | undefined,
    depth: number,
  ): Promise<void> {
    let crc = known;
    const inPlace = record.method === "stored" ? packedBytes(source, record) : null;
    let head = inPlace === null ? undefined : await inPlace.read(0, Math.min(512, inPlace.size));
    if (crc === undefined) {
      crc = 0;
      for await (const block of streamZipEntry(source, record)) {
        head ??= block;
        crc = crc32(block, crc);
      }
    }
    if (crc !== record.crc32) {
      const message = `The record ${record.path} inside of it does not have the CRC-32 it declares.`;
      this.#report({ rule: "archive/crc-mismatch", message, at });
    }
    if (head === undefined || !startsArchive(head)) return;
    if (inPlace === null && record.size > inMemory) {
      const message = `The packed archive ${record.path} inside of it has ${record.size} bytes: too many to look into.`;
      this.#report({ rule: "archive/limits", message, at });
      return;
    }
    const inner = inPlace ?? memorySource(await plainBytes(source, record));
    await this.scan(inner, at, null, new Map(), depth + 1);
  }

  async #scanGzip(source: ByteSource, at: string, depth: number): Promise<void> {
    const unpacked = await gunzip(source, { ...this.#limits, unpackedBytes: inMemory * 4 }, this.#tmpDir);
    try {
      const bomb = unpacked.anomalies.find(({ rule }) => rule === "archive/bomb");
      if (bomb !== undefined) {
        this.#report({ rule: bomb.rule, message: `The gzip data inside of it: ${bomb.message}`, at });
        this.#exhausted = true;
        return;
      }
      if (!this.#spend(unpacked.source.size, at)) return;
      // A tar.gz is one archive, not two.
      const tar = startsTar(await unpacked.source.read(0, Math.min(512, unpacked.source.size)));
      await this.scan(unpacked.source, at, null, new Map(), tar ? depth : depth + 1);
    } finally {
      await unpacked.close();
    }
  }

  async #scanTar(source: ByteSource, at: string, depth: number): Promise<void> {
    const tar = await readTar(source, this.#limits);
    for (const entry of tar.entries) {
      if (entry.kind !== "file" || !this.#spend(entry.size, at)) continue;
      await this.scan(slice(source, entry.dataOffset, entry.size), at, null, new Map(), depth + 1);
    }
  }
}
