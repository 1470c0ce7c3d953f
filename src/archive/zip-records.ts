import type { Anomaly } from "./archive.ts";
import type { ByteSource } from "./byte-source.ts";
import { slice } from "./byte-source.ts";
import { collisionAnomalies } from "./entry-path.ts";
import type { Limits } from "./limits.ts";
import { defaultLimits, isBomb } from "./limits.ts";
import type { ZipEntry } from "./zip-central.ts";
import { oncePerSource } from "./once-per-source.ts";
import { readCentral } from "./zip-directory.ts";
import { walkEntries } from "./zip-walk.ts";

/** A ZIP file as its headers describe it; nothing is unpacked. */
export interface ZipView {
  readonly entries: readonly ZipEntry[];
  readonly anomalies: readonly Anomaly[];
}

/**
 * Reads both views of a ZIP file, wherever it lies: the central directory, and the local headers in the order of the
 * file; once for all who ask with the same source. Never throws for what the bytes say; all that is wrong is in
 * `anomalies`.
 */
export const readZip = oncePerSource(async (source, limits): Promise<ZipView> => {
  const { directory, entries, anomalies: found } = await readCentral(source, limits);
  const anomalies = [...found];
  if (directory === null) return { entries, anomalies };
  // Beyond the limit only a part of the entries is known: the others would look hidden.
  const complete = !anomalies.some(({ rule }) => rule === "archive/limits");
  if (complete) await walkEntries(source, directory, entries, anomalies);
  anomalies.push(...collisionAnomalies(entries), ...volumeAnomalies(entries, limits));
  return { entries, anomalies };
});

/** The central directory alone: all that is worth fetching of an archive far away. Entries have no `dataOffset` yet. */
export async function readDirectoryOnly(source: ByteSource, limits: Limits = defaultLimits): Promise<ZipView> {
  const { directory, entries, anomalies } = await readCentral(source, limits);
  if (directory === null) return { entries, anomalies };
  return { entries, anomalies: [...anomalies, ...collisionAnomalies(entries), ...volumeAnomalies(entries, limits)] };
}

/** What unpacking would cost by the sizes that the archive declares; no entry may exceed its own in reality. */
export function volumeAnomalies(
  entries: readonly { readonly path: string; readonly size: number; readonly packedSize: number }[],
  limits: Limits,
): readonly Anomaly[] {
  const anomalies: Anomaly[] = [];
  let size = 0;
  let packedSize = 0;
  for (const entry of entries) {
    size += entry.size;
    packedSize += entry.packedSize;
    if (isBomb(entry.packedSize, entry.size, limits)) {
      const message = `${entry.packedSize} bytes unpack to ${entry.size}: more than ${limits.ratio} to one.`;
      anomalies.push({ rule: "archive/bomb", message, at: entry.path });
    }
  }
  if (anomalies.length === 0 && isBomb(packedSize, size, limits)) {
    const message = `${packedSize} bytes unpack to ${size}: more than ${limits.ratio} to one.`;
    anomalies.push({ rule: "archive/bomb", message, at: null });
  }
  if (size > limits.unpackedBytes) {
    const message = `The entries unpack to ${size} bytes; the limit is ${limits.unpackedBytes}.`;
    anomalies.push({ rule: "archive/limits", message, at: null });
  }
  return anomalies;
}

/** The data of a stored entry where it lies, or the packed bytes of a deflated one; null where there is none. */
export function packedBytes(source: ByteSource, entry: ZipEntry): ByteSource | null {
  const { dataOffset, packedSize } = entry;
  if (dataOffset === null || dataOffset + packedSize > source.size) return null;
  return slice(source, dataOffset, packedSize);
}
