import { basename } from "node:path";
import type { Anomaly, Archive, Entry } from "./archive.ts";
import { blocks } from "./byte-source.ts";
import type { FileSource } from "./file-source.ts";

/** A file by itself as an archive of one entry: a model that nobody packed, or something that is no archive. */
export function bareArchive(location: string, file: FileSource, anomalies: readonly Anomaly[]): Archive {
  const entry: Entry = {
    path: basename(location),
    kind: "file",
    size: file.size,
    packedSize: file.size,
    method: "stored",
    mode: null,
    crc32: null,
  };
  return {
    location,
    container: "bare",
    size: file.size,
    entries: [entry],
    anomalies,
    open: async () => file,
    stream: () => blocks(file),
    close: () => file.close(),
  };
}
