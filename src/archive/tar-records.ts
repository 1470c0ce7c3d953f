import type { Anomaly, Entry, EntryKind } from "./archive.ts";
import type { ByteSource } from "./byte-source.ts";
import { collisionAnomalies, nameAnomalies } from "./entry-path.ts";
import { HeaderWindow } from "./header-window.ts";
import type { Limits } from "./limits.ts";
import type { PaxRecords } from "./pax.ts";
import { readPax } from "./pax.ts";
import type { TarHeader } from "./tar-header.ts";
import { blockSize, hasChecksum, isZero, readTarHeader } from "./tar-header.ts";
import { topStripped } from "./tar-top.ts";

export interface TarEntry extends Entry {
  readonly dataOffset: number;
}

export interface TarView {
  readonly entries: readonly TarEntry[];
  readonly anomalies: readonly Anomaly[];
  /** Whether TorchServe arrives at these names too. */
  readonly serves: boolean;
}

/** Long names and pax records are read whole; honest ones have some hundred bytes. */
const maxMetaBytes = 1 << 20;

/** What stands before an entry and belongs to it. */
interface Pending {
  longName: Uint8Array | null;
  pax: PaxRecords | null;
}

interface Reading {
  readonly source: ByteSource;
  readonly window: HeaderWindow;
  readonly anomalies: Anomaly[];
  readonly entries: TarEntry[];
  pending: Pending;
}

/** Whether a tar file starts here: its first block is a header. */
export function startsTar(block: Uint8Array): boolean {
  if (block.length < blockSize) return false;
  const header = block.subarray(0, blockSize);
  return hasChecksum(header) && !isZero(header);
}

/** Reads the headers of a tar file. Never throws for what the bytes say. */
export async function readTar(source: ByteSource, limits: Limits): Promise<TarView> {
  const window = new HeaderWindow(source, source.size < 1 << 26 ? 0 : Infinity);
  const reading: Reading = { source, window, anomalies: [], entries: [], pending: { longName: null, pax: null } };
  const report = (rule: string, message: string): void => void reading.anomalies.push({ rule, message, at: null });
  let at = 0;
  let ended = false;
  while (at + blockSize <= source.size) {
    const block = (await window.read(at, blockSize)).subarray(0, blockSize);
    if (isZero(block)) {
      ended = await readEnd(reading, at, report);
      break;
    }
    if (!hasChecksum(block)) {
      report(
        at === 0 ? "archive/not-an-archive" : "archive/tar-header",
        `The header at byte ${at} has a wrong checksum.`,
      );
      ended = true;
      break;
    }
    if (reading.entries.length >= limits.entries) {
      report("archive/limits", `The archive has more than ${limits.entries} entries.`);
      ended = true;
      break;
    }
    at = await readEntry(reading, readTarHeader(block), at);
    if (at < 0) ended = true;
    if (at < 0) break;
  }
  if (!ended) await reportUnended(reading, at, report);
  if (reading.pending.longName !== null || reading.pending.pax !== null) {
    report("archive/tar-header", "The archive ends after a long name or pax record that belongs to no entry.");
  }
  const { entries, serves } = topStripped(reading.entries);
  return { entries, serves, anomalies: [...reading.anomalies, ...collisionAnomalies(entries)] };
}

type Report = (rule: string, message: string) => void;

async function reportUnended(reading: Reading, at: number, report: Report): Promise<void> {
  if (at > reading.source.size) return;
  const rest = reading.source.size - at;
  if (rest > 0 && !isZero(await reading.source.read(at, rest))) {
    report("archive/truncated", `The file ends within a header, ${rest} bytes after the last entry.`);
  } else if (reading.entries.length === 0) {
    report("archive/not-an-archive", "The file holds no entry.");
  } else {
    report("archive/no-end-marker", "The two empty blocks that end a tar file are missing: it may have been cut off.");
  }
}

/** Two empty blocks, then nothing but zeros. Returns whether the end was reported, or is as it should be. */
async function readEnd(reading: Reading, start: number, report: Report): Promise<boolean> {
  const { source } = reading;
  if (start + 2 * blockSize > source.size) return false;
  if (reading.entries.length === 0) report("archive/not-an-archive", "The file holds no entry.");
  for (let at = start; at < source.size; at += 1 << 20) {
    const bytes = await source.read(at, Math.min(1 << 20, source.size - at));
    if (!isZero(bytes)) {
      report("archive/trailing-bytes", "Data follows the empty block that ends the archive; some readers go on there.");
      break;
    }
  }
  return true;
}

/** Returns the position of the next header, or -1 where none can be found. */
async function readEntry(reading: Reading, header: TarHeader, at: number): Promise<number> {
  const { source, pending } = reading;
  const data = at + blockSize;
  const meta = "xgLK".includes(header.type);
  const path = meta ? null : nameOf(reading, header, pending);
  const report = (rule: string, message: string): void => void reading.anomalies.push({ rule, message, at: path });
  for (const problem of header.problems) report("archive/tar-header", problem);
  const size = meta ? header.size : sizeOf(header, pending, report);
  const next = data + Math.ceil(size / blockSize) * blockSize;
  if (data + size > source.size) {
    report("archive/truncated", `The entry's ${size} bytes reach beyond the end of the archive.`);
    if (path !== null) reading.entries.push(tarEntry(header, path, 0, data));
    reading.pending = { longName: null, pax: null };
    return -1;
  }
  if (meta) {
    if (size > maxMetaBytes) report("archive/limits", `A name or pax record of ${size} bytes.`);
    else await readMeta(reading, header.type, await source.read(data, size), report);
    return next;
  }
  reading.pending = { longName: null, pax: null };
  const entry = tarEntry(header, path ?? "", size, data);
  reportEntry(entry, header, report);
  if (pending.pax !== null && [...pending.pax.records.keys()].some((key) => key.startsWith("GNU.sparse"))) {
    report("archive/tar-kind", "The entry is a sparse file, whose size readers see differently.");
  }
  reading.entries.push(entry);
  return next;
}

async function readMeta(reading: Reading, type: string, bytes: Uint8Array, report: Report): Promise<void> {
  const { pending } = reading;
  if (type === "K") {
    report("archive/tar-kind", "A long link name: links are refused.");
    return;
  }
  if (type === "L") {
    const end = bytes.indexOf(0);
    const name = end < 0 ? bytes : bytes.subarray(0, end);
    if (pending.longName !== null || pending.pax !== null) report("archive/tar-header", "An entry has two long names.");
    if (name.length === 0 || (end >= 0 && !isZero(bytes.subarray(end)))) {
      report("archive/tar-header", "A long name is empty or goes on behind its end.");
    }
    pending.longName = name;
    return;
  }
  const pax = readPax(bytes);
  for (const problem of pax.problems) report("archive/pax", problem);
  if (type === "g") {
    const forbidden = [...pax.records.keys()].filter((key) =>
      /^(?:path|linkpath|size|hdrcharset|GNU\.sparse)/u.test(key),
    );
    if (forbidden.length > 0)
      report("archive/pax", `A global pax header sets ${forbidden.join(", ")} for all entries.`);
    if (pending.pax !== null || pending.longName !== null) {
      report("archive/pax", "A global pax header stands between an entry and its own records.");
    }
    return;
  }
  if (pending.pax !== null) report("archive/pax", "An entry has two pax headers.");
  if (pending.longName !== null && pax.records.has("path"))
    report("archive/tar-header", "An entry has two long names.");
  pending.pax = pax;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function nameOf(reading: Reading, header: TarHeader, pending: Pending): string {
  const fromPax = pending.pax?.records.get("path");
  const bytes = pending.longName ?? header.name;
  let path: string;
  try {
    path = fromPax ?? strict.decode(bytes);
  } catch {
    path = Buffer.from(bytes).toString("latin1");
    reading.anomalies.push({ rule: "archive/name-encoding", message: "The name is not UTF-8.", at: path });
  }
  reading.anomalies.push(...nameAnomalies(path.replace(/^\.\/(?=.)/u, "")).filter(() => path !== "./" && path !== "."));
  return path;
}

function sizeOf(header: TarHeader, pending: Pending, report: Report): number {
  const size = pending.pax?.records.get("size");
  if (size === undefined || !/^\d+$/u.test(size)) return header.size;
  // The field of the header holds 11 octal digits; above that it means nothing.
  if (Number(size) <= 0o77777777777 && Number(size) !== header.size) {
    report("archive/pax", `The header says ${header.size} bytes, its pax record ${size}.`);
  }
  return Number(size);
}

const kinds: Readonly<Record<string, EntryKind>> = {
  "0": "file",
  "\0": "file",
  "5": "directory",
  "1": "link",
  "2": "link",
};

function tarEntry(header: TarHeader, path: string, size: number, dataOffset: number): TarEntry {
  const kind = kinds[header.type] ?? "special";
  return {
    path,
    // V7 had no type for folders, only the slash.
    kind: header.type === "\0" && path.endsWith("/") ? "directory" : kind,
    size,
    packedSize: size,
    method: "stored",
    mode: header.mode & 0o7777,
    crc32: null,
    dataOffset,
  };
}

function reportEntry(entry: TarEntry, header: TarHeader, report: Report): void {
  if (entry.kind === "link") report("archive/link", header.type === "1" ? "A hard link." : "A symbolic link.");
  if (entry.kind === "special") {
    const device = "346".includes(header.type);
    const what = device ? "a device or pipe" : `of the type ${JSON.stringify(header.type)}`;
    report(device ? "archive/special-file" : "archive/tar-kind", `The entry is ${what}.`);
  }
  if (entry.kind === "file" && entry.path.endsWith("/")) {
    report("archive/file-and-folder", "The entry's type says file, its name says folder.");
  }
  if (entry.kind === "directory" && entry.size !== 0)
    report("archive/file-and-folder", "The entry is a folder with content.");
  if ((header.mode & 0o7000) !== 0) {
    report(
      "archive/privileged-mode",
      `The mode ${(header.mode & 0o7777).toString(8)} has a setuid, setgid or sticky bit.`,
    );
  }
}
