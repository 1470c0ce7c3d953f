import type { Anomaly } from "./archive.ts";
import type { ByteSource } from "./byte-source.ts";
import { HeaderWindow } from "./header-window.ts";
import type { ZipEntry } from "./zip-central.ts";
import { reportRepeated } from "./zip-central.ts";
import { readDescriptor } from "./zip-descriptor.ts";
import type { Directory } from "./zip-end.ts";
import type { LocalHeader } from "./zip-format.ts";
import { flag, localSize, readExtra, readLocal, sentinel32, signature, uint64, view, zip64Id } from "./zip-format.ts";
import { entryName } from "./zip-name.ts";

type Report = (rule: string, message: string) => void;

interface Walk {
  readonly source: ByteSource;
  readonly window: HeaderWindow;
  readonly anomalies: Anomaly[];
}

/**
 * The second view: what a reader sees that takes local headers in the order of the file, as TorchServe does. Each
 * entry of the directory must begin where the one before it ended, from byte 0 to the directory, and say the same of
 * itself. Sets each entry's `dataOffset`.
 */
export async function walkEntries(
  source: ByteSource,
  directory: Directory,
  entries: readonly ZipEntry[],
  anomalies: Anomaly[],
): Promise<void> {
  const window = new HeaderWindow(source, directory.start / Math.max(1, entries.length));
  const walk: Walk = { source, window, anomalies };
  const ordered = entries.toSorted((a, b) => a.offset - b.offset);
  let expected = 0;
  for (const [index, entry] of ordered.entries()) {
    if (entry.offset > expected) await reportBetween(walk, expected, entry.offset);
    if (entry.offset < expected) {
      const message = `The entry begins at byte ${entry.offset}, inside of the one before, which ends at ${expected}.`;
      anomalies.push({ rule: "archive/overlap", message, at: entry.path });
    }
    const next = ordered[index + 1]?.offset ?? directory.start;
    expected = Math.max(expected, await visit(walk, entry, Math.min(next, directory.start)));
  }
  if (expected < directory.start) await reportBetween(walk, expected, directory.start);
  if (expected > directory.start) {
    const at = ordered.at(-1)?.path ?? null;
    anomalies.push({ rule: "archive/overlap", message: "The last entry's data reaches into the directory.", at });
  }
}

/** Finds an entry's data when its local header was not read yet. */
export async function locateData(source: ByteSource, entry: ZipEntry): Promise<void> {
  if (entry.dataOffset !== null || entry.offset < 0 || entry.offset + localSize > source.size) return;
  const head = view(await source.read(entry.offset, localSize));
  if (head.getUint32(0, true) !== signature.local) return;
  entry.dataOffset = entry.offset + localSize + head.getUint16(26, true) + head.getUint16(28, true);
}

/** Bytes that no entry of the directory owns: a hidden entry, something put before the archive, or a gap. */
async function reportBetween(walk: Walk, from: number, to: number): Promise<void> {
  const { window, anomalies } = walk;
  const bytes = await window.read(from, Math.min(to - from, localSize));
  const signed = bytes.length >= 4 && view(bytes).getUint32(0, true) === signature.local;
  if (signed) {
    const room = Math.min(to - from, localSize + 2 * 0xffff);
    const header = readLocal((await window.read(from, room)).subarray(0, room));
    const at = header === null ? null : entryName(header, []).path;
    const message = `Byte ${from} begins an entry that the directory does not list; TorchServe unpacks it.`;
    anomalies.push({ rule: "archive/hidden-entry", message, at });
    return;
  }
  const count = to - from;
  if (from === 0) {
    const message = `${count} bytes precede the first entry; TorchServe's reader then finds none at all.`;
    anomalies.push({ rule: "archive/leading-bytes", message, at: null });
    return;
  }
  anomalies.push({ rule: "archive/gap", message: `${count} bytes from byte ${from} belong to no entry.`, at: null });
}

/** Compares one entry's local header and descriptor with the directory; returns where it ends. */
async function visit(walk: Walk, entry: ZipEntry, next: number): Promise<number> {
  const { anomalies, source, window } = walk;
  const report = (rule: string, message: string): void => void anomalies.push({ rule, message, at: entry.path });
  // The local header's extra field may be of another length than the directory's; most are small.
  const guess = localSize + entry.header.name.length + 64;
  const inside = entry.offset >= 0 && entry.offset <= source.size;
  let bytes = inside ? await window.read(entry.offset, guess) : new Uint8Array(0);
  if (bytes.length < localSize || view(bytes).getUint32(0, true) !== signature.local) {
    report("archive/two-views", `There is no local header at byte ${entry.offset}, where the directory says it is.`);
    return entry.offset;
  }
  const length = localSize + view(bytes).getUint16(26, true) + view(bytes).getUint16(28, true);
  if (length > bytes.length) {
    bytes = await window.read(entry.offset, length);
  }
  const local = readLocal(bytes);
  if (local === null) {
    report("archive/truncated", "The file ends within the entry's local header.");
    return entry.offset;
  }
  compare(entry, local, report);
  entry.dataOffset = entry.offset + local.length;
  const end = entry.dataOffset + entry.packedSize;
  if (end > source.size)
    report("archive/truncated", `The entry's ${entry.packedSize} bytes reach beyond the file's end.`);
  const described = (local.flags & flag.descriptor) !== 0 && end <= source.size;
  const descriptor = described ? await readDescriptor(window, end, next, entry, report) : { length: 0, agrees: false };
  reportFlags(entry, local, descriptor.agrees, report);
  return end + descriptor.length;
}

/** A flag that only says "sizes follow" may be missing in the directory, where they are known, if they do follow. */
function reportFlags(entry: ZipEntry, local: LocalHeader, described: boolean, report: Report): void {
  const { flags } = entry.header;
  if (local.flags === flags) return;
  const harmless = described && (local.flags ^ flags) === flag.descriptor;
  const message = `Local header and directory differ in the flags: ${local.flags} and ${flags}.`;
  report(harmless ? "archive/flags-differ" : "archive/two-views", message);
}

function compare(entry: ZipEntry, local: LocalHeader, report: Report): void {
  const { header } = entry;
  const differs = (what: string, here: number, there: number): void => {
    if (here !== there) {
      report("archive/two-views", `Local header and directory differ in the ${what}: ${here} and ${there}.`);
    }
  };
  const fields = readExtra(local.extra);
  if (fields === null) report("archive/extra-field", "The local extra field's lengths do not add up.");
  reportRepeated(fields ?? [], report);
  if (Buffer.compare(local.name, header.name) !== 0) {
    const name = entryName(local, []).path;
    report(
      "archive/two-views",
      `The local header names the entry ${JSON.stringify(name)}; TorchServe takes that name.`,
    );
  }
  const second = entryName(local, fields ?? []).anomalies.find(({ rule }) => rule === "archive/second-name");
  if (second !== undefined) report(second.rule, second.message);
  differs("packing method", local.method, header.method);
  differs("time", local.modified, header.modified);
  const zip64 = fields?.find(({ id }) => id === zip64Id)?.data;
  const sizes = localSizes(local, zip64, report);
  const later = (local.flags & flag.descriptor) !== 0;
  // With a data descriptor the local header may leave the values open; if it names them they must be right.
  if (!(later && local.crc32 === 0)) differs("CRC-32", local.crc32, header.crc32);
  if (!(later && sizes.size === 0)) differs("size", sizes.size, entry.size);
  if (!(later && sizes.packedSize === 0)) differs("packed size", sizes.packedSize, entry.packedSize);
}

/** 4.5.3: in a local header the ZIP64 field holds both sizes. */
function localSizes(
  local: LocalHeader,
  zip64: Uint8Array | undefined,
  report: Report,
): { readonly size: number; readonly packedSize: number } {
  const wide = local.size === sentinel32 || local.packedSize === sentinel32;
  if (zip64 === undefined) {
    if (wide) report("archive/zip64", "The local header refers to a ZIP64 value that is missing.");
    return local;
  }
  if (zip64.length !== 16) {
    report("archive/zip64", `The local ZIP64 field has ${zip64.length} bytes; it needs 16.`);
    return local;
  }
  const data = view(zip64);
  const size = uint64(data, 0);
  const packedSize = uint64(data, 8);
  if (wide) {
    return {
      size: local.size === sentinel32 ? size : local.size,
      packedSize: local.packedSize === sentinel32 ? packedSize : local.packedSize,
    };
  }
  // A field that no size refers to is harmless only as long as it says nothing else.
  const open = (local.flags & flag.descriptor) !== 0 && size === 0 && packedSize === 0;
  if (!open && (size !== local.size || packedSize !== local.packedSize)) {
    report("archive/zip64", "The local header's sizes and its ZIP64 field differ.");
  }
  return local;
}
