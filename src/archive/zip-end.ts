import type { Anomaly } from "./archive.ts";
import type { ByteSource } from "./byte-source.ts";
import type { EndRecord } from "./zip-format.ts";
import {
  end64Size,
  endSize,
  locatorSize,
  readEnd,
  readEnd64,
  sentinel16,
  sentinel32,
  signature,
  uint64,
  view,
} from "./zip-format.ts";

/** Where the central directory lies. */
export interface Directory {
  readonly start: number;
  readonly end: number;
  /** What the end record says it holds. */
  readonly entries: number;
  /** Added to every offset the directory gives: bytes that somebody put before the archive. */
  readonly base: number;
}

interface Tail {
  /** Position of the first byte. */
  readonly start: number;
  readonly data: DataView;
}

/** Finds the end record the way most readers do (the last signature), and reports every other way to read the file. */
export async function findDirectory(source: ByteSource, anomalies: Anomaly[]): Promise<Directory | null> {
  const report = (rule: string, message: string): void => void anomalies.push({ rule, message, at: null });
  const length = Math.min(source.size, endSize + sentinel16 + locatorSize + end64Size);
  const tail: Tail = { start: source.size - length, data: view(await source.read(source.size - length, length)) };
  const candidates = endRecords(tail);
  const [last] = candidates;
  if (last === undefined) {
    report("archive/truncated", "The file begins like a ZIP and has no end record: it was cut off or overwritten.");
    return null;
  }
  const chosen = candidates.find((at) => endsWith(tail, at)) ?? last;
  reportComment(tail, chosen, report);
  const end32 = readEnd(tail.data, chosen);
  const found = await readZip64(source, tail, chosen, end32, report);
  reportDisks(end32, found !== null, report);
  const end = found?.record ?? end32;
  const directory = await locate(source, end, found?.start ?? tail.start + chosen, report);
  const ambiguous = candidates.filter((at) => at !== chosen && tail.start + at >= directory.start);
  for (const at of ambiguous) {
    report(
      "archive/second-end-record",
      `Another end record at byte ${tail.start + at} shows some readers other entries.`,
    );
  }
  return directory;
}

const endSignature = Buffer.from("PK\u0005\u0006", "latin1");

/** Offsets in the tail that carry the signature, the last one first. */
function endRecords({ data }: Tail): readonly number[] {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const found: number[] = [];
  let at = bytes.length - endSize;
  while (at >= 0) {
    at = bytes.lastIndexOf(endSignature, at);
    if (at >= 0) found.push(at);
    at -= 1;
  }
  return found;
}

function endsWith(tail: Tail, at: number): boolean {
  return at + endSize + tail.data.getUint16(at + 20, true) === tail.data.byteLength;
}

type Report = (rule: string, message: string) => void;

function reportComment(tail: Tail, at: number, report: Report): void {
  const declared = tail.data.getUint16(at + 20, true);
  const present = tail.data.byteLength - at - endSize;
  if (declared > present) {
    report("archive/end-record", `The end record announces a comment of ${declared} bytes; the file has ${present}.`);
  }
  if (declared < present)
    report("archive/trailing-bytes", `${present - declared} bytes follow the end of the archive.`);
}

function reportDisks(end: EndRecord, zip64: boolean, report: Report): void {
  const allowed = (disk: number): boolean => disk === 0 || (zip64 && disk === sentinel16);
  if (!allowed(end.disk) || !allowed(end.directoryDisk)) {
    report("archive/multi-disk", `The end record names disk ${end.disk}: one file of several.`);
  }
  if (end.entriesHere !== end.entries) {
    report("archive/end-record", `The end record counts ${end.entriesHere} entries and ${end.entries} entries.`);
  }
  const open = end.directorySize === sentinel32 || end.directoryOffset === sentinel32;
  if (!zip64 && open) report("archive/zip64", "The end record points to a ZIP64 record that is not there.");
}

interface End64 {
  readonly record: EndRecord;
  readonly start: number;
}

/** The ZIP64 locator and record (4.3.14, 4.3.15), where there is a locator right before the end record. */
async function readZip64(
  source: ByteSource,
  tail: Tail,
  endAt: number,
  end32: EndRecord,
  report: Report,
): Promise<End64 | null> {
  const at = endAt - locatorSize;
  if (at < 0 || tail.data.getUint32(at, true) !== signature.locator) return null;
  const before = tail.start + at;
  const disks = [tail.data.getUint32(at + 4, true), tail.data.getUint32(at + 16, true)];
  if (disks[0] !== 0 || (disks[1] ?? 0) > 1) {
    report("archive/multi-disk", `The ZIP64 locator names disk ${disks[0]} of ${disks[1]}.`);
  }
  const start = uint64(tail.data, at + 8);
  const data = start + end64Size <= before ? view(await source.read(start, end64Size)) : null;
  if (data?.getUint32(0, true) !== signature.end64) {
    report("archive/zip64", `The ZIP64 locator points to byte ${start}, where there is no ZIP64 end record.`);
    return null;
  }
  const record = readEnd64(data);
  if (record.length !== end64Size) {
    report("archive/zip64", `The ZIP64 end record is ${record.length} bytes long; the format knows ${end64Size}.`);
  }
  if (start + end64Size !== before) {
    report("archive/gap", `${before - start - end64Size} bytes lie between the ZIP64 end record and its locator.`);
  }
  reportDisks(record, true, report);
  reportDisagreement(end32, record, report);
  return { record, start };
}

function reportDisagreement(end: EndRecord, end64: EndRecord, report: Report): void {
  const pairs = [
    ["disk", end.disk, end64.disk, sentinel16],
    ["directory disk", end.directoryDisk, end64.directoryDisk, sentinel16],
    ["entries on this disk", end.entriesHere, end64.entriesHere, sentinel16],
    ["entries", end.entries, end64.entries, sentinel16],
    ["directory size", end.directorySize, end64.directorySize, sentinel32],
    ["directory offset", end.directoryOffset, end64.directoryOffset, sentinel32],
  ] as const;
  for (const [what, short, long, sentinel] of pairs) {
    if (short !== sentinel && short !== long) {
      report("archive/zip64", `The two end records disagree on the ${what}: ${short} and ${long}.`);
    }
  }
}

/** The directory must end where the end record begins, and start where it says. */
async function locate(source: ByteSource, end: EndRecord, limit: number, report: Report): Promise<Directory> {
  const { directoryOffset, directorySize, entries } = end;
  if (directoryOffset + directorySize === limit) return { start: directoryOffset, end: limit, entries, base: 0 };
  report(
    "archive/central-directory",
    `The directory is said to end at byte ${directoryOffset + directorySize}; its end record begins at ${limit}.`,
  );
  const shifted = limit - directorySize;
  const starts = async (at: number): Promise<boolean> =>
    at >= 0 && at + 4 <= limit && view(await source.read(at, 4)).getUint32(0, true) === signature.central;
  if (await starts(directoryOffset)) return { start: directoryOffset, end: limit, entries, base: 0 };
  if (await starts(shifted)) return { start: shifted, end: limit, entries, base: shifted - directoryOffset };
  return { start: Math.max(0, Math.min(directoryOffset, limit)), end: limit, entries, base: 0 };
}
