import type { Archive, Container, Entry } from "./archive.ts";
import { AnomalyError } from "./archive.ts";
import type { ByteSource } from "./byte-source.ts";
import { blocks, slice } from "./byte-source.ts";
import type { FileSource } from "./file-source.ts";
import { gunzip } from "./gzip.ts";
import type { Limits } from "./limits.ts";
import type { TarEntry, TarView } from "./tar-records.ts";
import { readTar } from "./tar-records.ts";

/** An archive that is a tar file as it lies. */
export async function openTar(location: string, file: FileSource, limits: Limits): Promise<Archive> {
  const tar = await readTar(file, limits);
  return tarArchive(location, "tar", file.size, file, tar, () => file.close());
}

/** A gzip-compressed tar: unpacked once, whole, since nothing in it can be reached otherwise; then read in place. */
export async function openTarGz(
  location: string,
  file: FileSource,
  limits: Limits,
  tmpDir: string | undefined,
): Promise<Archive> {
  const unpacked = await gunzip(file, limits, tmpDir);
  const close = async (): Promise<void> => {
    await unpacked.close();
    await file.close();
  };
  try {
    const tar = await readTar(unpacked.source, limits);
    const anomalies = [...unpacked.anomalies, ...tar.anomalies];
    return tarArchive(location, "tar.gz", file.size, unpacked.source, { ...tar, anomalies }, close);
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
  close: () => Promise<void>,
): Archive {
  const byEntry = new Map<Entry, TarEntry>(tar.entries.map((entry) => [entry, entry]));
  const data = (entry: Entry): ByteSource => {
    const found = byEntry.get(entry);
    if (found === undefined) throw new TypeError(`${entry.path} is not an entry of ${location}`);
    if (found.dataOffset + found.size > source.size) {
      throw new AnomalyError({ rule: "archive/truncated", message: "The entry's data is cut off.", at: entry.path });
    }
    return slice(source, found.dataOffset, found.size);
  };
  return {
    location,
    container,
    size,
    entries: tar.entries,
    anomalies: tar.anomalies,
    open: async (entry) => data(entry),
    stream: (entry) => blocks(data(entry)),
    close,
  };
}
