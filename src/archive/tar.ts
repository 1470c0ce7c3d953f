import type { Archive, Container, Digests, Entry } from "./archive.ts";
import { AnomalyError } from "./archive.ts";
import type { ByteSource } from "./byte-source.ts";
import { blocks, slice } from "./byte-source.ts";
import type { FileSource } from "./file-source.ts";
import { gunzip } from "./gzip.ts";
import type { OpenSettings } from "./settings.ts";
import { digestLater } from "./digest-later.ts";
import { readAhead } from "./read-ahead.ts";
import type { TarEntry, TarView } from "./tar-records.ts";
import { readTar } from "./tar-records.ts";

/** An archive that is a tar file as it lies. */
export async function openTar(location: string, file: FileSource, settings: OpenSettings): Promise<Archive> {
  const tar = await readTar(file, settings.limits);
  return tarArchive(location, "tar", file.size, file, tar, settings, () => file.close());
}

/** A gzip-compressed tar: unpacked once, whole, since nothing in it can be reached otherwise; then read in place. */
export async function openTarGz(location: string, file: FileSource, settings: OpenSettings): Promise<Archive> {
  const unpacked = await gunzip(file, settings.limits, settings.tmpDir);
  const close = async (): Promise<void> => {
    await unpacked.close();
    await file.close();
  };
  try {
    const tar = await readTar(unpacked.source, settings.limits);
    const anomalies = [...unpacked.anomalies, ...tar.anomalies];
    return tarArchive(location, "tar.gz", file.size, unpacked.source, { ...tar, anomalies }, settings, close);
  } catch (error) {
    await unpacked.close();
    throw error;
  }
}

function tarArchive(
  location: string,
  container: Container,
  size: number,
  source: ByteSource,
  tar: TarView,
  settings: OpenSettings,
  close: () => Promise<void>,
): Archive {
  const byEntry = new Map<Entry, TarEntry>(tar.entries.map((entry) => [entry, entry]));
  const data = (entry: Entry, from: ByteSource = source): ByteSource => {
    const found = byEntry.get(entry);
    if (found === undefined) throw new TypeError(`${entry.path} is not an entry of ${location}`);
    if (found.dataOffset + found.size > source.size) {
      throw new AnomalyError({ rule: "archive/truncated", message: "The entry's data is cut off.", at: entry.path });
    }
    return slice(from, found.dataOffset, found.size);
  };
  const { entries } = tar;
  const flat = !tar.serves && entries.length > 0;
  const message = "The entries do not lie below one folder; TorchServe cuts each name up to its first slash.";
  const anomalies = flat ? [...tar.anomalies, { rule: "serve/flat-tar", message, at: null }] : tar.anomalies;
  const open: Archive["open"] = async (entry) => data(entry);
  const stream: Archive["stream"] = (entry) => blocks(data(entry));
  const ahead = readAhead(source);
  const inPlace = async (entry: Entry): Promise<ByteSource> => data(entry, ahead);
  let digests: Promise<Digests> | undefined;
  return {
    location,
    container,
    size,
    entries,
    anomalies,
    open,
    stream,
    digests: (watch) =>
      (digests ??= digestLater({ size, entries, anomalies, ...settings, open, stream, inPlace, watch })),
    close,
  };
}
