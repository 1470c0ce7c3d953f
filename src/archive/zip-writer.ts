import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { memorySource } from "./byte-source.ts";
import { deflateWhole, worthDeflating } from "./block-deflate.ts";
import type { DiskFile } from "./disk.ts";
import { type PlannedEntry, byteEntry, readAll } from "./entry-source.ts";
import { OutputTail } from "./output-tail.ts";
import { BlockRing, blockSize, stopIfAborted } from "./read-once.ts";
import type { WriteOptions, WrittenArchive, WrittenEntry } from "./written-archive.ts";
import { writeLarge } from "./zip-writer-large.ts";
import { type ZipRecord, centralRecord, endRecords, localHeader } from "./zip-writer-records.ts";

export interface ZipOptions extends WriteOptions {
  /** Store everything. Otherwise what compresses is deflated. */
  readonly store: boolean;
}

/** Small entries that are read and packed at a time. */
const window = 16;

/** An entry of at most one block, packed in memory. */
interface Packed {
  readonly record: Omit<ZipRecord, "offset">;
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/**
 * Writes a ZIP that TorchServe's `ZipInputStream`, Python's zipfile, unzip and all others read alike: sizes and CRC in
 * the local header, no data descriptor, methods 0 and 8, ZIP64 exactly when needed. Each source is read once. The bytes
 * depend on the entries' bytes, order and modes only.
 */
export async function writeZip(
  file: DiskFile,
  entries: readonly PlannedEntry[],
  options: ZipOptions,
): Promise<WrittenArchive> {
  const tail = new OutputTail(file);
  const records: ZipRecord[] = [];
  const written: WrittenEntry[] = [];
  const done = (record: ZipRecord, sha256: string): void => {
    records.push(record);
    const { path, size, packedSize, method } = record;
    written.push({ path, size, packedSize, method, crc32: record.crc32, sha256 });
  };
  const put = async (packed: Packed): Promise<void> => {
    const record = { ...packed.record, offset: tail.position };
    await tail.append(localHeader(record));
    await tail.append(packed.bytes);
    done(record, packed.sha256);
  };
  const largest = entries.reduce((most, entry) => Math.max(most, entry.source.size), 0);
  const ring = largest > blockSize ? await BlockRing.for(largest) : null;
  try {
    for await (const step of ahead(entries, options)) {
      if (!("large" in step)) await put(step);
      else if (ring) {
        const { record, sha256 } = await writeLarge(file, tail, ring, step.large, options);
        done(record, sha256);
      }
    }
    for (const { path, bytes } of await options.seal(written)) {
      const source = byteEntry(memorySource(bytes));
      await put(await packSmall({ path, mode: 0o644, source }, { ...options, onBytes: undefined }));
    }
    await writeDirectory(tail, records);
    return { entries: written, size: tail.position };
  } finally {
    await tail.settle();
    await ring?.close();
  }
}

/** The entries in order; small ones come packed, several being worked on while the ones before are written. */
async function* ahead(
  entries: readonly PlannedEntry[],
  options: ZipOptions,
): AsyncGenerator<Packed | { readonly large: PlannedEntry }> {
  const queue: Promise<Packed | { readonly large: PlannedEntry }>[] = [];
  let next = 0;
  try {
    while (next < entries.length || queue.length > 0) {
      for (let entry = entries[next]; entry && queue.length < window; entry = entries[next]) {
        next += 1;
        const step = entry.source.size > blockSize ? Promise.resolve({ large: entry }) : packSmall(entry, options);
        step.catch(() => undefined);
        queue.push(step);
      }
      stopIfAborted(options.signal);
      const step = await queue.shift();
      if (step) yield step;
    }
  } finally {
    await Promise.allSettled(queue);
  }
}

async function packSmall(entry: PlannedEntry, options: ZipOptions): Promise<Packed> {
  const { size } = entry.source;
  const plain = await readAll(entry.source, options.disk);
  options.onBytes?.(size);
  const deflated = options.store || size === 0 ? null : await deflateWhole(plain);
  const bytes = deflated !== null && worthDeflating(size, deflated.length) ? deflated : plain;
  const sha256 = createHash("sha256").update(plain).digest("hex");
  const method = bytes === plain ? "stored" : "deflated";
  const record = {
    path: entry.path,
    mode: entry.mode,
    method,
    crc32: crc32(plain),
    size,
    packedSize: bytes.length,
  } as const;
  return { record, sha256, bytes };
}

async function writeDirectory(tail: OutputTail, records: readonly ZipRecord[]): Promise<void> {
  const start = tail.position;
  for (const record of records) await tail.append(centralRecord(record));
  await tail.append(endRecords(records.length, tail.position - start, start));
  await tail.flush();
}
