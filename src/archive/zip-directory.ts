import type { Anomaly } from "./archive.ts";
import type { ByteSource } from "./byte-source.ts";
import type { Limits } from "./limits.ts";
import { defaultLimits } from "./limits.ts";
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

const known = new WeakMap<ByteSource, Map<string, Promise<CentralView>>>();

/**
 * Reads the central directory, once for all who ask with the same source. Never throws for what the bytes say; all that
 * is wrong is in `anomalies`.
 */
export function readCentral(source: ByteSource, limits: Limits = defaultLimits): Promise<CentralView> {
  const views = known.get(source) ?? new Map<string, Promise<CentralView>>();
  known.set(source, views);
  const key = JSON.stringify(limits);
  const view = views.get(key) ?? readView(source, limits);
  views.set(key, view);
  return view;
}

async function readView(source: ByteSource, limits: Limits): Promise<CentralView> {
  const anomalies: Anomaly[] = [];
  const directory = await findDirectory(source, anomalies);
  const entries = directory === null ? [] : await readDirectory(source, directory, limits, anomalies);
  return { directory, entries, anomalies };
}
