import type { Archive, Digests, Entry } from "./archive.ts";
import type { ByteSource } from "./byte-source.ts";
import { digestLater } from "./digest-later.ts";
import type { FileSource } from "./file-source.ts";
import { readAhead } from "./read-ahead.ts";
import type { OpenSettings } from "./settings.ts";
import { Unpacked } from "./unpacked.ts";
import type { ZipEntry } from "./zip-central.ts";
import type { ZipView } from "./zip-records.ts";
import { locateData } from "./zip-walk.ts";
import { storedOrPacked, streamZipEntry } from "./zip-stream.ts";

/** Entries up to this size are digested from reads that take in their neighbours. */
const readAheadUpTo = 1 << 20;

/** The archive of a ZIP file whose headers are read already. */
export function zipArchive(
  location: string,
  source: FileSource,
  zip: ZipView,
  settings: OpenSettings,
  partial?: string,
): Archive {
  const byEntry = new Map<Entry, ZipEntry>(zip.entries.map((entry) => [entry, entry]));
  const unpacked = new Unpacked(settings.tmpDir);
  const own = (entry: Entry): ZipEntry => {
    const found = byEntry.get(entry);
    if (found === undefined) throw new TypeError(`${entry.path} is not an entry of ${location}`);
    return found;
  };
  const inFile = new Map<ZipEntry, ByteSource>();
  // One source an entry, so that whoever reads a model's headers finds what the one before remembered of it.
  const open: Archive["open"] = async (entry) => {
    const found = own(entry);
    await locateData(source, found);
    if (found.method === "stored") {
      const known = inFile.get(found) ?? storedOrPacked(source, found);
      inFile.set(found, known);
      return known;
    }
    return unpacked.source(entry, () => streamZipEntry(source, found));
  };
  // Small entries that follow each other are digested from one read.
  const ahead = readAhead(source);
  const { size } = source;
  const { entries, anomalies } = zip;
  async function* stream(entry: Entry): AsyncGenerator<Uint8Array> {
    const found = own(entry);
    await locateData(source, found);
    yield* streamZipEntry(ahead, found);
  }
  const inPlace = async (entry: Entry): Promise<ByteSource | null> => {
    const found = own(entry);
    await locateData(source, found);
    if (found.method !== "stored") return null;
    return found.size > readAheadUpTo ? open(found) : storedOrPacked(ahead, found);
  };
  let digests: Promise<Digests> | undefined;
  return {
    location,
    container: "zip",
    size,
    entries,
    anomalies,
    ...(partial === undefined ? {} : { partial }),
    open,
    stream,
    digests: (watch) =>
      (digests ??= digestLater({ size, entries, anomalies, ...settings, open, stream, inPlace, watch })),
    async close() {
      await unpacked.close();
      await source.close();
    },
  };
}
