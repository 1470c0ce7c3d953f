import { basename } from "node:path";
import type { Anomaly, Archive, Digests, Entry } from "./archive.ts";
import { blocks } from "./byte-source.ts";
import { digestLater } from "./digest-later.ts";
import type { FileSource } from "./file-source.ts";
import type { OpenSettings } from "./settings.ts";

/** A file by itself as an archive of one entry: a model that nobody packed, or something that is no archive. */
export function bareArchive(
  location: string,
  file: FileSource,
  anomalies: readonly Anomaly[],
  settings: OpenSettings,
): Archive {
  const entry: Entry = {
    path: basename(location),
    kind: "file",
    size: file.size,
    packedSize: file.size,
    method: "stored",
    mode: null,
    crc32: null,
  };
  const { size } = file;
  const entries = [entry];
  const open = async (): Promise<FileSource> => file;
  const stream = (): AsyncIterable<Uint8Array> => blocks(file);
  let digests: Promise<Digests> | undefined;
  return {
    location,
    container: "bare",
    size,
    entries,
    anomalies,
    open,
    stream,
    digests: (watch) =>
      (digests ??= digestLater({ size, entries, anomalies, ...settings, open, stream, inPlace: open, watch })),
    close: () => file.close(),
  };
}
