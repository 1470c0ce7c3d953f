import { dirname, join } from "node:path";
import { ArchiverError } from "../errors.ts";
import { temporaryName } from "./atomic-output.ts";
import { memorySource } from "./byte-source.ts";
import type { Disk } from "./disk.ts";
import { type PlannedEntry, byteEntry } from "./entry-source.ts";
import { BlockRing } from "./read-once.ts";
import { reopenFolder } from "./reopen.ts";
import type { WriteOptions, WrittenArchive, WrittenEntry } from "./written-archive.ts";

/**
 * Writes the entries as files below `path`, in a temporary folder beside it that is renamed at the end. What was at
 * `path` before is moved aside for the moment of the rename, then removed.
 */
export async function writeFolder(
  path: string,
  entries: readonly PlannedEntry[],
  options: WriteOptions,
): Promise<WrittenArchive> {
  const { disk } = options;
  const temporary = temporaryName(path);
  const largest = entries.reduce((most, entry) => Math.max(most, entry.source.size), 0);
  const ring = await BlockRing.for(largest);
  const written: WrittenEntry[] = [];
  try {
    await disk.makeFolder(temporary);
    for (const entry of entries) written.push(await writeFile(temporary, entry, ring, options));
    for (const { path: name, bytes } of await options.seal(written)) {
      const entry: PlannedEntry = { path: name, mode: 0o644, source: byteEntry(memorySource(bytes)) };
      written.push(await writeFile(temporary, entry, ring, { ...options, onBytes: undefined }));
    }
    await reopenFolder(temporary, written);
    await replaceFolder(disk, temporary, path);
  } catch (error) {
    await disk.remove(temporary).catch(() => undefined);
    throw error;
  } finally {
    await ring.close();
  }
  await disk.syncFolder(dirname(path));
  return { entries: written, size: written.reduce((sum, entry) => sum + entry.size, 0) };
}

async function writeFile(
  folder: string,
  entry: PlannedEntry,
  ring: BlockRing,
  options: WriteOptions,
): Promise<WrittenEntry> {
  const { size } = entry.source;
  const path = join(folder, ...entry.path.split("/"));
  await options.disk.makeFolder(dirname(path));
  const source = await entry.source.open(options.disk);
  try {
    const file = await options.disk.create(path, entry.mode);
    try {
      let lastWrite: Promise<void> = Promise.resolve();
      const sink = (block: Uint8Array, position: number): Promise<void> => {
        lastWrite = lastWrite.then(() => file.write(block, position));
        lastWrite.catch(() => undefined);
        return lastWrite;
      };
      const sums = await ring.pass(source, size, sink, options);
      await file.sync();
      return { path: entry.path, size, packedSize: size, method: "stored", ...sums };
    } finally {
      await file.close();
    }
  } finally {
    await source.close();
  }
}

/** No system call that Node has swaps two folders: for a moment between two renames neither is there. */
async function replaceFolder(disk: Disk, from: string, to: string): Promise<void> {
  const aside = temporaryName(to);
  const existed = await disk.rename(to, aside).then(
    () => true,
    (error: unknown) => {
      if (error instanceof ArchiverError && error.code === "not-found") return false;
      throw error;
    },
  );
  try {
    await disk.rename(from, to);
  } catch (error) {
    if (existed) await disk.rename(aside, to);
    throw error;
  }
  if (existed) await disk.remove(aside);
}
