import { resolve } from "node:path";
import { memorySource } from "../archive/byte-source.ts";
import { byteEntry, type EntrySource, fileSource } from "../archive/entry-source.ts";
import { statOf } from "./stat.ts";

/** One file that goes into the archive. */
export interface Source {
  /** Path in the archive. */
  readonly path: string;
  /** Where it comes from, as a person would name it. */
  readonly from: string;
  /** Absolute real path on disk; null for an entry of another archive. */
  readonly file: string | null;
  readonly bytes: EntrySource;
  readonly mode: 0o644 | 0o755;
  /** Milliseconds since 1970; null where unknown. */
  readonly modified: number | null;
}

/** What is wrong with the inputs; all of it is gathered before anything is said. */
export class Problems {
  readonly missing: string[] = [];
  readonly folders: string[] = [];
  readonly linksOutside: string[] = [];
  readonly names: string[] = [];
}

/** A file named on the command line: links are followed, since it was named. */
export function namedFile(
  flag: string,
  path: string,
  cwd: string,
  problems: Problems,
  at = baseName(path),
): Source | null {
  const file = resolve(cwd, path);
  const stats = statOf(file);
  if (stats === undefined) problems.missing.push(`${flag} ${path}`);
  else if (!stats.isFile()) problems.folders.push(`${flag} ${path}`);
  else return sourceOf(at, path, file, stats);
  return null;
}

export interface FileFacts {
  readonly size: number;
  readonly mode: number;
  readonly mtimeMs: number;
}

export function sourceOf(path: string, from: string, file: string, facts: FileFacts): Source {
  return {
    path,
    from,
    file,
    bytes: fileSource(file, facts.size),
    mode: (facts.mode & 0o100) === 0 ? 0o644 : 0o755,
    modified: facts.mtimeMs,
  };
}

/** A file that packing makes itself; `from` says of what. */
export function madeSource(path: string, from: string, bytes: Uint8Array): Source {
  return { path, from, file: null, bytes: byteEntry(memorySource(bytes)), mode: 0o644, modified: null };
}

/** What follows the last `/`, or `\` where that separates folders. */
export function baseName(path: string): string {
  const plain = process.platform === "win32" ? path.replaceAll("\\", "/") : path;
  return plain.slice(plain.lastIndexOf("/") + 1);
}
