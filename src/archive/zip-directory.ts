import type { Anomaly } from "./archive.ts";
import { oncePerSource } from "./once-per-source.ts";
import type { ZipEntry } from "./zip-central.ts";
import { readDirectory } from "./zip-central.ts";
import type { Directory } from "./zip-end.ts";
import { findDirectory } from "./zip-end.ts";

/** A ZIP file as its central directory describes it. */
export interface CentralView {
  /** Null where there is none. */
  readonly directory: Directory | null;
  /** Without `dataOffset` as long as nobody has read their local headers. */
  readonly entries: readonly ZipEntry[];
  readonly anomalies: readonly Anomaly[];
}

/**
 * Reads the central directory, once for all who ask with the same source. Never throws for what the bytes say; all that
 * is wrong is in `anomalies`.
 */
export const readCentral = oncePerSource(async (source, limits): Promise<CentralView> => {
  const anomalies: Anomaly[] = [];
  const directory = await findDirectory(source, anomalies);
  const entries = directory === null ? [] : await readDirectory(source, directory, limits, anomalies);
  return { directory, entries, anomalies };
});
