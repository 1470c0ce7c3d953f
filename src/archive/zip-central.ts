import type { Anomaly, Entry, EntryKind } from "./archive.ts";
import type { ByteSource } from "./byte-source.ts";
import { nameAnomalies } from "./entry-path.ts";
import type { Limits } from "./limits.ts";
import type { Directory } from "./zip-end.ts";
import type { CentralHeader, ExtraField } from "./zip-format.ts";
import { flag, readCentral, readExtra, sentinel16, sentinel32, signature, view } from "./zip-format.ts";
import { uint64, unicodePathId, zip64Id } from "./zip-format.ts";
import { entryName } from "./zip-name.ts";

/** An entry of a ZIP file: what the directory says, and where the data lies. */
export interface ZipEntry extends Entry {
  readonly header: CentralHeader;
  /** Position of the local header. */
  readonly offset: number;
  /** Position of the first packed byte; null where the local header cannot be read. */
  dataOffset: number | null;
}

type Report = (rule: string, message: string, at?: string | null) => void;

/** Every record of the central directory, up to the limit. */
export async function readDirectory(
  source: ByteSource,
  directory: Directory,
  limits: Limits,
  anomalies: Anomaly[],
): Promise<ZipEntry[]> {
  const report: Report = (rule, message, at = null) => void anomalies.push({ rule, message, at });
  const length = directory.end - directory.start;
  if (length > limits.directoryBytes) {
    report("archive/limits", `The directory has ${length} bytes; the limit is ${limits.directoryBytes}.`);
    return [];
  }
  const bytes = await source.read(directory.start, length);
  const entries: ZipEntry[] = [];
  for (let at = 0; at < length;) {
    const rest = bytes.subarray(at);
    const header = rest.length >= 4 && view(rest).getUint32(0, true) === signature.central ? readCentral(rest) : null;
    if (header === null) {
      report("archive/central-directory", `${length - at} bytes of the directory are no entry.`);
      break;
    }
    if (entries.length === limits.entries) {
      report("archive/limits", `The archive has more than ${limits.entries} entries.`);
      return entries;
    }
    entries.push(zipEntry(header, directory.base, anomalies));
    at += header.length;
  }
  if (entries.length !== directory.entries) {
    report(
      "archive/central-directory",
      `The end record counts ${directory.entries} entries; there are ${entries.length}.`,
    );
  }
  return entries;
}

function zipEntry(header: CentralHeader, base: number, anomalies: Anomaly[]): ZipEntry {
  const fields = readExtra(header.extra);
  const name = entryName(header, fields ?? []);
  const report: Report = (rule, message) => void anomalies.push({ rule, message, at: name.path });
  if (fields === null) report("archive/extra-field", "The extra field's lengths do not add up.");
  anomalies.push(...name.anomalies, ...nameAnomalies(name.path));
  reportRepeated(fields ?? [], report);
  const wide = widen(header, fields ?? [], report);
  const kind = kindOf(header, name.path);
  const entry: ZipEntry = {
    path: name.path,
    kind,
    size: wide.size,
    packedSize: wide.packedSize,
    method: header.method === 0 ? "stored" : header.method === 8 ? "deflated" : "unsupported",
    mode: isUnix(header) ? (header.attributes >>> 16) & 0o7777 : null,
    crc32: header.crc32,
    header,
    offset: wide.offset + base,
    dataOffset: null,
  };
  reportPacking(entry, fields ?? [], report);
  reportKind(entry, report);
  return entry;
}

/** Fields that change what is read must not come twice: readers differ in which they take. */
export function reportRepeated(fields: readonly ExtraField[], report: (rule: string, message: string) => void): void {
  for (const id of [zip64Id, unicodePathId]) {
    if (fields.filter((field) => field.id === id).length > 1) {
      report("archive/extra-field", `The extra field 0x${id.toString(16).padStart(4, "0")} occurs twice.`);
    }
  }
}

interface Wide {
  readonly size: number;
  readonly packedSize: number;
  readonly offset: number;
}

/** 4.5.3: the ZIP64 field holds exactly the values whose 32-bit fields are all ones, in this order. */
function widen(
  header: CentralHeader,
  fields: readonly ExtraField[],
  report: (rule: string, message: string) => void,
): Wide {
  const data = fields.find(({ id }) => id === zip64Id)?.data;
  let at = 0;
  const wide = (short: number): number => {
    if (short !== sentinel32) return short;
    if (data === undefined || at + 8 > data.length) {
      report("archive/zip64", "A size or offset refers to a ZIP64 value that is missing.");
      return short;
    }
    at += 8;
    return uint64(view(data), at - 8);
  };
  const size = wide(header.size);
  const packedSize = wide(header.packedSize);
  const offset = wide(header.offset);
  const long = header.disk === sentinel16 && data !== undefined && at + 4 <= data.length;
  const disk = long ? view(data).getUint32(at, true) : header.disk;
  if (long) at += 4;
  if (disk !== 0) report("archive/multi-disk", `The entry is on disk ${disk}.`);
  if (data !== undefined && !isRepetition(data.subarray(at), header, at)) {
    report("archive/zip64", `The ZIP64 field has ${data.length} bytes; the header refers to ${at}.`);
  }
  return { size, packedSize, offset };
}

/** Some writers put all values into the field; that does no harm where those not referred to come last and agree. */
function isRepetition(rest: Uint8Array, header: CentralHeader, used: number): boolean {
  const shorts = [header.size, header.packedSize, header.offset];
  const open = shorts.slice(shorts.findLastIndex((short) => short === sentinel32) + 1);
  if (rest.length === 0) return used > 0;
  if (used === 0 || rest.length > 8 * open.length || rest.length % 8 !== 0) return false;
  return open.slice(0, rest.length / 8).every((short, index) => uint64(view(rest), 8 * index) === short);
}

function reportPacking(
  entry: ZipEntry,
  fields: readonly ExtraField[],
  report: (rule: string, message: string) => void,
): void {
  const { flags, method } = entry.header;
  const aes = fields.some(({ id }) => id === 0x9901 || id === 0x0017);
  if ((flags & (flag.encrypted | flag.strong | flag.masked)) !== 0 || aes) {
    report("archive/encrypted", "The entry is encrypted, so nothing of it can be checked.");
  }
  if ((flags & flag.patched) !== 0) report("archive/packing-method", "The entry is a patch of another file.");
  // Bits 4, 7 to 10, 12, 14 and 15 mean nothing for the methods 0 and 8 or are reserved (4.4.4).
  if ((flags & 0xd790) !== 0)
    report("archive/packing-method", `The header sets reserved flags (0x${flags.toString(16)}).`);
  if (entry.method === "unsupported") {
    report("archive/packing-method", `Packing method ${method}: servers read only 0 (stored) and 8 (deflated).`);
  }
  const encrypted = (flags & flag.encrypted) !== 0;
  if (entry.method === "stored" && entry.size !== entry.packedSize && !encrypted) {
    report("archive/size-mismatch", `A stored entry of ${entry.size} bytes has ${entry.packedSize} bytes of data.`);
  }
}

const typeMask = 0o170000;
const kinds: Readonly<Record<number, EntryKind>> = { 0o100000: "file", 0o040000: "directory", 0o120000: "link" };

/** Systems that put a Unix mode into the upper half of the attributes: Unix, VMS, Atari, BeOS, macOS, AtheOS (4.4.2). */
const unixLike: ReadonlySet<number> = new Set([2, 3, 5, 16, 19, 30]);

function isUnix(header: CentralHeader): boolean {
  return unixLike.has(header.madeBy >>> 8);
}

function kindOf(header: CentralHeader, path: string): EntryKind {
  const type = (header.attributes >>> 16) & typeMask;
  // .NET and others write a Unix mode and call themselves FAT; a link is refused whoever says it is one.
  if (type === 0o120000) return "link";
  // `zip` calls its standard input "-" and gives it the mode of the pipe it read.
  if (type === 0o010000 && path === "-") return "file";
  if (type !== 0 && isUnix(header) && kinds[type] === undefined) return "special";
  return path.endsWith("/") ? "directory" : "file";
}

function reportKind(entry: ZipEntry, report: (rule: string, message: string) => void): void {
  const { header, kind, path } = entry;
  const type = (header.attributes >>> 16) & typeMask;
  if (kind === "link") report("archive/link", "The entry is a symbolic link.");
  if (kind === "special")
    report("archive/special-file", `The entry is a device, pipe or socket (mode ${type.toString(8)}).`);
  if (isUnix(header) && type === 0o040000 && !path.endsWith("/")) {
    report("archive/file-and-folder", "The entry's mode says folder, its name says file.");
  }
  if (kind === "directory" && entry.size !== 0)
    report("archive/file-and-folder", "The entry is a folder with content.");
  if (((entry.mode ?? 0) & 0o7000) !== 0) {
    report("archive/privileged-mode", `The mode ${(entry.mode ?? 0).toString(8)} has a setuid, setgid or sticky bit.`);
  }
}
