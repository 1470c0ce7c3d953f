import { decodeSource } from "../../python/decode-source.ts";
import { type PythonModule, readModule } from "../../python/module.ts";
import { parsePython, type PythonError } from "../../python/parse-python.ts";
import type { Subject } from "../subject.ts";

/** Bytes of the largest Python file that is parsed. */
const sourceLimit = 1 << 20;

/** A Python file of the archive. */
export interface ArchiveModule {
  readonly path: string;
  readonly errors: readonly PythonError[];
  /** Null when it does not parse, or is too large or deep to be read. */
  readonly module: PythonModule | null;
}

const known = new WeakMap<Subject, Map<string, Promise<ArchiveModule>>>();

/** Parses a Python file of the archive, once. */
export function archiveModule(subject: Subject, path: string): Promise<ArchiveModule> {
  let files = known.get(subject);
  if (!files) known.set(subject, (files = new Map()));
  let file = files.get(path);
  if (!file) files.set(path, (file = read(subject, path)));
  return file;
}

async function read(subject: Subject, path: string): Promise<ArchiveModule> {
  const bytes = await subject.bytes(path, sourceLimit);
  if (bytes === null) return { path, errors: [], module: null };
  const text = decodeSource(bytes);
  if (text === null) {
    const message = "the bytes are not in the file's encoding (UTF-8, unless a coding comment says otherwise)";
    return { path, errors: [{ message, line: 1, column: 1 }], module: null };
  }
  const source = await parsePython(text);
  return { path, errors: source.errors, module: readModule(source) };
}

/** Where `import <dotted>` finds a file of the archive: one of these folders first, `""` is the root. */
export function modulePath(subject: Subject, dotted: string, folders: readonly string[] = [""]): string | null {
  const base = dotted.replaceAll(".", "/");
  for (const folder of folders) {
    const stem = folder === "" ? base : `${folder}/${base}`;
    for (const path of [`${stem}/__init__.py`, `${stem}.py`]) if (subject.entry(path)?.kind === "file") return path;
  }
  return null;
}

/** Whether the archive has something that `import <dotted>` takes: a source, a folder, compiled code. */
export function hasModule(subject: Subject, dotted: string): boolean {
  if (modulePath(subject, dotted) !== null) return true;
  const stem = dotted.replaceAll(".", "/");
  return subject.archive.entries.some(
    ({ path }) =>
      path.startsWith(`${stem}/`) ||
      (path.startsWith(`${stem}.`) && /\.(?:pyc|so|pyd)$/.test(path) && !path.slice(stem.length + 1).includes("/")),
  );
}
