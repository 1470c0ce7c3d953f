import { deflateBlock, looksLikeBomb, samplePositions, samplesDeflate, windowOf } from "./block-deflate.ts";
import type { DiskFile } from "./disk.ts";
import type { OpenSource, PlannedEntry } from "./entry-source.ts";
import type { OutputTail } from "./output-tail.ts";
import type { BlockRing, Checksums } from "./read-once.ts";
import type { ZipOptions } from "./zip-writer.ts";
import { type ZipRecord, localHeader } from "./zip-writer-records.ts";

export interface WrittenLarge {
  readonly record: ZipRecord;
  readonly sha256: string;
}

/** Writes an entry of more than a block: header with the size, then the data while it is read, then the header again. */
export async function writeLarge(
  file: DiskFile,
  tail: OutputTail,
  ring: BlockRing,
  entry: PlannedEntry,
  options: ZipOptions,
): Promise<WrittenLarge> {
  await tail.flush();
  const source = await entry.source.open(options.disk);
  try {
    if (!options.store && (await compresses(source, entry.source.size))) {
      const deflated = await writeDeflated(file, tail, ring, entry, source, options);
      if (deflated !== null) return deflated;
      // The samples lied: what was written will be overwritten and cut off.
      await file.truncate(tail.position);
    }
    return await writeStored(file, tail, ring, entry, source, options);
  } finally {
    await source.close();
  }
}

async function compresses(source: OpenSource, size: number): Promise<boolean> {
  const samples: Uint8Array[] = [];
  for (const { position, length } of samplePositions(size)) {
    const sample = new Uint8Array(length);
    await source.read(sample, position);
    samples.push(sample);
  }
  return samplesDeflate(samples, size);
}

async function writeStored(
  file: DiskFile,
  tail: OutputTail,
  ring: BlockRing,
  entry: PlannedEntry,
  source: OpenSource,
  options: ZipOptions,
): Promise<WrittenLarge> {
  const { size } = entry.source;
  const draft = {
    path: entry.path,
    mode: entry.mode,
    method: "stored",
    size,
    packedSize: size,
    offset: tail.position,
  } as const;
  const header = localHeader({ ...draft, crc32: 0 });
  await file.write(header, draft.offset);
  const start = draft.offset + header.length;
  // One write at a time: several threads writing one file only wait for its lock.
  let lastWrite: Promise<void> = Promise.resolve();
  const sink = (block: Uint8Array, position: number): Promise<void> => {
    lastWrite = lastWrite.then(() => file.write(block, start + position));
    lastWrite.catch(() => undefined);
    return lastWrite;
  };
  const sums = await ring.pass(source, size, sink, options);
  return finish(file, tail, { ...draft, crc32: sums.crc32 }, start + size, sums);
}

async function writeDeflated(
  file: DiskFile,
  tail: OutputTail,
  ring: BlockRing,
  entry: PlannedEntry,
  source: OpenSource,
  options: ZipOptions,
): Promise<WrittenLarge | null> {
  const { size } = entry.source;
  const draft = { path: entry.path, mode: entry.mode, method: "deflated", size, offset: tail.position } as const;
  const header = localHeader({ ...draft, crc32: 0, packedSize: 0 });
  await file.write(header, draft.offset);
  const start = draft.offset + header.length;
  let end = start;
  let before: Uint8Array = new Uint8Array(0);
  let lastWrite: Promise<void> = Promise.resolve();
  const sink = (block: Uint8Array, position: number): Promise<void> => {
    const packing = deflateBlock(block, before, position + block.length === size);
    before = windowOf(block);
    lastWrite = Promise.all([packing, lastWrite]).then(async ([packed]) => {
      const at = end;
      end += packed.length;
      await file.write(packed, at);
    });
    lastWrite.catch(() => undefined);
    return lastWrite;
  };
  const sums = await ring.pass(source, size, sink, options, true);
  const packedSize = end - start;
  if (packedSize >= size || looksLikeBomb(size, packedSize)) return null;
  return finish(file, tail, { ...draft, crc32: sums.crc32, packedSize }, end, sums);
}

async function finish(
  file: DiskFile,
  tail: OutputTail,
  record: ZipRecord,
  end: number,
  sums: Checksums,
): Promise<WrittenLarge> {
  await file.write(localHeader(record), record.offset);
  tail.moveTo(end);
  return { record, sha256: sums.sha256 };
}
