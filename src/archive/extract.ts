import { lstat, mkdir, open as openFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { ArchiverError } from "../errors.ts";
import type { Anomaly, Archive, Entry } from "./archive.ts";
import { AnomalyError } from "./archive.ts";
import { refusals } from "./refusal.ts";
import { writeFailure } from "./write-failure.ts";

export interface ExtractOptions {
  /** Paths of entries, or of folders; everything when left out or empty. */
  readonly entries?: readonly string[];
  /** Folder to write to; made when missing. */
  readonly output: string;
  /** Overwrite files that are there. */
  readonly force?: boolean;
  readonly signal?: AbortSignal;
}

export interface Extraction {
  /** In the order of the archive. */
  readonly files: readonly { readonly path: string; readonly size: number }[];
  /** Why nothing, or nothing further, was written. Empty when all went well. */
  readonly refused: readonly Anomaly[];
}

/**
 * Unpacks entries below `output`. Nothing is written of an archive whose structure is unsafe; an entry whose bytes are
 * not what was declared leaves no file. Throws ArchiverError `no-such-entry`, `already-exists`, `link-outside`,
 * `no-space` or `unreadable`.
 */
export async function extract(archive: Archive, options: ExtractOptions): Promise<Extraction> {
  const chosen = select(archive, options.entries ?? []);
  const refused = refusals(archive);
  if (refused.length > 0) return { files: [], refused };
  const { output } = options;
  const files = chosen.filter(({ kind }) => kind === "file");
  await mkdir(output, { recursive: true }).catch((error: unknown) => {
    throw writeFailure(error, output);
  });
  if (options.force !== true) await refuseExisting(output, files);
  const done: { path: string; size: number }[] = [];
  for (const { path } of chosen.filter(({ kind }) => kind === "directory")) {
    await makeFolders(output, path.split("/").filter(Boolean));
  }
  for (const entry of files) {
    try {
      await writeEntry(archive, entry, output, options.signal);
    } catch (error) {
      if (error instanceof AnomalyError) return { files: done, refused: [error.anomaly] };
      throw error;
    }
    done.push({ path: entry.path, size: entry.size });
  }
  return { files: done, refused: [] };
}

/** The entries of these names, and those below folders of these names. */
export function select(archive: Archive, names: readonly string[]): readonly Entry[] {
  if (names.length === 0) return archive.entries;
  const wanted = names.map((name) => name.replace(/\/+$/u, ""));
  const matches = (entry: Entry, name: string): boolean => {
    const path = entry.path.replace(/\/$/u, "");
    return path === name || path.startsWith(`${name}/`);
  };
  for (const name of wanted) {
    if (!archive.entries.some((entry) => matches(entry, name))) {
      const remedy = `Run model-archiver inspect ${archive.location} to see its entries.`;
      throw new ArchiverError("no-such-entry", `${archive.location} has no entry ${name}.`, { remedy });
    }
  }
  return archive.entries.filter((entry) => wanted.some((name) => matches(entry, name)));
}

async function refuseExisting(output: string, files: readonly Entry[]): Promise<void> {
  for (const { path } of files) {
    const there = await lstat(join(output, path)).catch(() => null);
    if (there !== null) throw new ArchiverError("already-exists", `${join(output, path)} exists already.`);
  }
}

/** Makes each folder on the way; one that is a link already could lead anywhere. */
async function makeFolders(output: string, segments: readonly string[]): Promise<void> {
  let folder = output;
  for (const segment of segments) {
    folder = join(folder, segment);
    await mkdir(folder).catch(async (error: unknown) => {
      const there = await lstat(folder).catch(() => null);
      if (there?.isDirectory() === true) return;
      const remedy = "Choose another folder with -o, or remove what is in the way.";
      if (there !== null)
        throw new ArchiverError("link-outside", `${folder} is there already and is no folder.`, { remedy });
      throw writeFailure(error, folder);
    });
  }
}

async function writeEntry(
  archive: Archive,
  entry: Entry,
  output: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const segments = entry.path.split("/");
  await makeFolders(output, segments.slice(0, -1));
  const target = join(output, ...segments);
  const temporary = join(output, ...segments.slice(0, -1), `.extract-${process.pid}-${Date.now().toString(36)}.tmp`);
  const mode = ((entry.mode ?? 0) & 0o111) === 0 ? 0o644 : 0o755;
  try {
    const file = await openFile(temporary, "wx", mode);
    try {
      let crc = 0;
      for await (const block of archive.stream(entry)) {
        if (signal?.aborted === true) throw new ArchiverError("interrupted", "interrupted", { cause: signal.reason });
        crc = crc32(block, crc);
        await file.writeFile(block);
      }
      if (entry.crc32 !== null && crc !== entry.crc32) {
        const message = "The data does not have the CRC-32 that is declared.";
        throw new AnomalyError({ rule: "archive/crc-mismatch", message, at: entry.path });
      }
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error instanceof AnomalyError ? error : writeFailure(error, target);
  }
}
