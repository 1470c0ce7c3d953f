import { dirname, join, posix } from "node:path";
import { realpath } from "node:fs/promises";
import type { Archive, Entry } from "../../archive/archive.ts";
import type { ByteSource } from "../../archive/byte-source.ts";
import { type FileSource, openFile } from "../../archive/file-source.ts";
import { ArchiverError } from "../../errors.ts";
import { type OnnxTensor, rawBytesOf } from "./tensor.ts";

/** The file that a tensor's external data names, or why it cannot be used. */
export type ExternalFile =
  /** `entry` is the archive's; a file beside a bare model is none. */
  | { readonly source: ByteSource; readonly entry?: Entry }
  | { readonly problem: "outside" | "missing" | "unreadable"; readonly message: string };

/** The files that an ONNX model names, each opened once. */
export interface ExternalFiles {
  open(location: string): Promise<ExternalFile>;
  /** Closes the files that were opened beside a bare model; those of an archive are closed with it. */
  close(): Promise<void>;
}

/**
 * External data of the model that `entry` holds: members of the same archive, relative to the model's folder; for a
 * model file by itself, regular files beside it. A location that is no plain relative path, or a link, is never opened.
 */
export function externalFiles(archive: Archive, entry: Entry): ExternalFiles {
  const opened = new Map<string, Promise<ExternalFile>>();
  const handles: FileSource[] = [];
  return {
    open(location) {
      let file = opened.get(location);
      if (file === undefined) {
        const bare = archive.container === "bare";
        file = bare ? besideFile(archive.location, location, handles) : member(archive, entry, location);
        opened.set(location, file);
      }
      return file;
    },
    async close() {
      await Promise.all(handles.splice(0).map((handle) => handle.close()));
    },
  };
}

function outside(location: string): ExternalFile {
  return { problem: "outside", message: `external data ${JSON.stringify(location)} is no plain path in the archive` };
}

async function member(archive: Archive, model: Entry, location: string): Promise<ExternalFile> {
  if (!isPlainPath(location)) return outside(location);
  const path = posix.join(posix.dirname(model.path), location);
  const entry = archive.entries.find((one) => one.path === path);
  if (entry === undefined) {
    return { problem: "missing", message: `external data ${JSON.stringify(path)} is not in the archive` };
  }
  if (entry.kind !== "file" || entry.method === "unsupported") {
    return { problem: "outside", message: `external data ${JSON.stringify(path)} is no regular file` };
  }
  try {
    return { source: await archive.open(entry), entry };
  } catch (error) {
    if (error instanceof ArchiverError) throw error;
    return { problem: "unreadable", message: `external data ${JSON.stringify(path)} cannot be unpacked` };
  }
}

async function besideFile(model: string, location: string, handles: FileSource[]): Promise<ExternalFile> {
  if (!isPlainPath(location)) return outside(location);
  const missing: ExternalFile = {
    problem: "missing",
    message: `external data ${JSON.stringify(location)} is not beside the model`,
  };
  if (/^https?:/.test(model)) return missing;
  try {
    const folder = dirname(await realpath(model));
    const path = join(folder, location);
    if ((await realpath(path)) !== path) return outside(location);
    const source = await openFile(path);
    handles.push(source);
    return { source };
  } catch (error) {
    if (error instanceof ArchiverError && error.code !== "not-found" && error.code !== "not-a-file") throw error;
    return missing;
  }
}

// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
const forbidden = /[\\:\u0000-\u001f\u007f]/;

/** A relative path without `..`, empty segments, drive, scheme, backslash or control character. */
export function isPlainPath(location: string): boolean {
  if (location === "" || location.length > 1024 || forbidden.test(location)) return false;
  const segments = location.replace(/^(?:\.\/)+/, "").split("/");
  return segments.every((segment) => segment !== "" && segment !== "." && segment !== "..");
}

/** Where a tensor's bytes lie in its external file, or what is wrong. */
export type ExternalRange = { readonly offset: number; readonly length: number } | { readonly problem: string };

/** The range that external_data's `offset` and `length` tell, checked against type, dimensions and the file's size. */
export function externalRange(tensor: OnnxTensor, size: number): ExternalRange {
  const needed = rawBytesOf(tensor);
  if (needed === null) return { problem: "has external data, which its type or dimensions do not allow" };
  const offset = decimal(tensor.external?.get("offset") ?? "0");
  const length = decimal(tensor.external?.get("length") ?? String(needed));
  if (offset === null || length === null) return { problem: "has an offset or length that is no number" };
  if (length !== needed) {
    return { problem: `names ${length} bytes of external data, but its type and dimensions need ${needed}` };
  }
  if (offset + length > BigInt(size)) {
    return { problem: `names bytes ${offset} to ${offset + length} of external data that has ${size}` };
  }
  return { offset: Number(offset), length: Number(length) };
}

function decimal(text: string): bigint | null {
  return /^[0-9]{1,20}$/.test(text) ? BigInt(text) : null;
}
