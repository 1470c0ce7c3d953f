import { lstat, readdir, stat } from "node:fs/promises";
import { basename, join, relative, resolve, sep } from "node:path";
import { type FileSource, openFile, translated } from "../archive/file-source.ts";
import { fill } from "../archive/byte-source.ts";
import { defaultLimits, isRuinous } from "../archive/limits.ts";
import { BlockRing, type ReadOptions } from "../archive/read-once.ts";
import { readZip } from "../archive/zip-records.ts";
import type { ZipEntry } from "../archive/zip-central.ts";
import { ArchiverError } from "../errors.ts";
import { EntrySums } from "./entry-sums.ts";
import { comparePaths, type Resource } from "./statement.ts";

/** A model as it lies on disk, digested in one read. */
export interface Content {
  /** Base name. */
  readonly name: string;
  readonly kind: "file" | "folder";
  readonly size: number;
  /** `.` alone for a file; else every file of the folder that is not ignored. */
  readonly resources: readonly Resource[];
  /** Entries of a ZIP; of others none. */
  readonly entries: readonly Resource[];
  /** Entries whose bytes are not what the container declares. */
  readonly damaged: readonly string[];
}

export interface ReadContentOptions extends ReadOptions {
  /** Relative to the folder; what lies below an ignored folder is ignored, too. */
  readonly ignoredPaths: readonly string[];
}

/** Digests a file, and the entries of an archive, or every file of a folder. Each byte is read once. */
export async function readContent(location: string, options: ReadContentOptions): Promise<Content> {
  const stats = await stat(location).catch((error: unknown) => Promise.reject(translated(error, location)));
  const name = basename(resolve(location));
  if (stats.isDirectory()) {
    const files = await filesBelow(location, "", options.ignoredPaths);
    const largest = files.reduce((most, file) => Math.max(most, file.size), 0);
    const ring = await BlockRing.for(largest);
    const resources: Resource[] = [];
    try {
      for (const { path } of files) {
        resources.push({ name: path, digest: await passFile(ring, join(location, path), options) });
      }
    } finally {
      await ring.close();
    }
    const size = files.reduce((sum, file) => sum + file.size, 0);
    return { name, kind: "folder", size, resources, entries: resources, damaged: [] };
  }
  const file = await openFile(location);
  try {
    return { name, ...(await digestArchiveFile(file, options)) };
  } finally {
    await file.close();
  }
}

/** SHA-256 of a file, in lower-case hex. Throws ArchiverError `not-found`, `not-a-file`, `unreadable`. */
export async function digestFile(path: string, options: ReadOptions): Promise<string> {
  const { size } = await stat(path).catch((error: unknown) => Promise.reject(translated(error, path)));
  const ring = await BlockRing.for(size);
  try {
    return await passFile(ring, path, options);
  } finally {
    await ring.close();
  }
}

async function passFile(ring: BlockRing, path: string, options: ReadOptions): Promise<string> {
  const file = await openFile(path);
  try {
    const read = { read: (block: Uint8Array, at: number) => fill(file, block, at), close: async () => {} };
    return (await ring.pass(read, file.size, async () => {}, { ...options, crc: false })).sha256;
  } finally {
    await file.close();
  }
}

async function digestArchiveFile(file: FileSource, options: ReadOptions): Promise<Omit<Content, "name">> {
  const sums = new EntrySums(await entriesOf(file));
  const ring = await BlockRing.for(file.size);
  try {
    const { sha256 } = await ring.pass(
      { read: (block, position) => fill(file, block, position), close: async () => {} },
      file.size,
      ordered((block, position) => sums.take(block, position)),
      { ...options, crc: false },
    );
    await sums.end();
    const entries: Resource[] = [];
    const damaged: string[] = [];
    for (const [path, digest] of sums.digests) {
      if (digest === null) damaged.push(path);
      else entries.push({ name: path, digest });
    }
    entries.sort((a, b) => comparePaths(a.name, b.name));
    return { kind: "file", size: file.size, resources: [{ name: ".", digest: sha256 }], entries, damaged };
  } finally {
    await ring.close();
  }
}

/** The ring starts the sink of a block before that of the one before has ended; entries need them in order. */
function ordered(take: (block: Uint8Array, position: number) => Promise<void>): typeof take {
  let before: Promise<void> = Promise.resolve();
  return (block, position) => {
    before = before.then(() => take(block, position));
    return before;
  };
}

/** None for what is no ZIP, or a ruinous one: its bytes are still signed as a file. */
async function entriesOf(file: FileSource): Promise<readonly ZipEntry[]> {
  if (file.size < 22) return [];
  const head = Buffer.from(await file.read(0, 4));
  if (head.readUInt32LE(0) !== 0x04034b50) return [];
  const zip = await readZip(file, defaultLimits);
  return zip.anomalies.some(isRuinous) ? [] : zip.entries;
}

interface FoundFile {
  readonly path: string;
  readonly size: number;
}

async function filesBelow(root: string, below: string, ignored: readonly string[]): Promise<FoundFile[]> {
  const names = await readdir(join(root, below)).catch((error: unknown) => Promise.reject(translated(error, root)));
  const files: FoundFile[] = [];
  for (const name of names) {
    const path = below === "" ? name : `${below}/${name}`;
    if (ignored.includes(path)) continue;
    const file = join(root, path);
    const stats = await lstat(file).catch((error: unknown) => Promise.reject(translated(error, file)));
    if (stats.isDirectory()) files.push(...(await filesBelow(root, path, ignored)));
    else if (stats.isFile()) files.push({ path, size: stats.size });
    else throw new ArchiverError("not-signable", `${file} is a link or a device, which cannot be signed.`);
    if (files.length > defaultLimits.entries) {
      throw new ArchiverError("not-signable", `${root} has more than ${defaultLimits.entries} files.`);
    }
  }
  return files.toSorted((a, b) => comparePaths(a.path, b.path));
}

/** `file` relative to the folder, when it lies in it; with `/`. */
export function pathWithin(folder: string, file: string): string | null {
  const path = relative(resolve(folder), resolve(file));
  return path === "" || path.startsWith("..") || path.startsWith(sep) ? null : path.split(sep).join("/");
}
