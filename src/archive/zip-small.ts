import type { ByteSource } from "./byte-source.ts";
import { inflateSmall, isSmall } from "./inflate.ts";
import type { ZipEntry } from "./zip-central.ts";

/** Plain bytes that are kept of one file. */
const keptBytes = 8 << 20;
const keptRecord = 1 << 16;

interface Kept {
  readonly records: Map<ZipEntry, Uint8Array>;
  left: number;
}

const kept = new WeakMap<ByteSource, Kept>();

/**
 * The plain bytes of a small packed record; null for what is not small. A torch file has hundreds of them, and its parser,
 * the scan and the digests want each: they are kept, up to a limit, as long as the file is. Throws AnomalyError.
 */
export async function smallRecord(source: ByteSource, entry: ZipEntry, packed: ByteSource): Promise<Uint8Array | null> {
  if (!isSmall(packed.size, entry)) return null;
  return keptOf(source).records.get(entry) ?? recordOf(source, entry, await packed.read(0, packed.size));
}

/** The same of any record whose packed bytes are in memory. */
export function recordOf(source: ByteSource, entry: ZipEntry, packed: Uint8Array): Uint8Array {
  const file = keptOf(source);
  const known = file.records.get(entry);
  if (known !== undefined) return known;
  const bytes = inflateSmall(packed, entry);
  if (bytes.length <= Math.min(keptRecord, file.left)) {
    file.records.set(entry, bytes);
    file.left -= bytes.length;
  }
  return bytes;
}

function keptOf(source: ByteSource): Kept {
  const file = kept.get(source) ?? { records: new Map<ZipEntry, Uint8Array>(), left: keptBytes };
  kept.set(source, file);
  return file;
}
