import { AnomalyError } from "./archive.ts";
import type { ByteSource } from "./byte-source.ts";
import { blocks } from "./byte-source.ts";
import { inflate } from "./inflate.ts";
import type { ZipEntry } from "./zip-central.ts";
import { flag } from "./zip-format.ts";
import { smallRecord } from "./zip-small.ts";
import { packedBytes } from "./zip-records.ts";

/** An entry's plain bytes in order. Throws AnomalyError where they are not what the directory declares. */
export async function* streamZipEntry(source: ByteSource, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  const packed = storedOrPacked(source, entry);
  if (entry.method === "stored") return yield* blocks(packed);
  const small = await smallRecord(source, entry, packed);
  if (small === null) yield* inflate(packed, entry);
  else yield small;
}

/** The same as one array, for entries that fit into memory. */
export async function plainBytes(source: ByteSource, entry: ZipEntry): Promise<Uint8Array> {
  const packed = storedOrPacked(source, entry);
  if (entry.method === "stored") return packed.read(0, packed.size);
  return (await smallRecord(source, entry, packed)) ?? collect(inflate(packed, entry), entry.size);
}

/** The bytes in the file, where they can be read at all. Throws AnomalyError where not. */
export function storedOrPacked(source: ByteSource, entry: ZipEntry): ByteSource {
  const at = entry.path;
  const packed = packedBytes(source, entry);
  if (packed === null) {
    throw new AnomalyError({ rule: "archive/truncated", message: "The entry's data is not in the file.", at });
  }
  if (entry.method === "unsupported" || (entry.header.flags & flag.encrypted) !== 0) {
    const message = `The entry is packed with method ${entry.header.method}, or encrypted.`;
    throw new AnomalyError({ rule: "archive/packing-method", message, at });
  }
  if (entry.method === "stored" && entry.size !== entry.packedSize) {
    const message = `A stored entry of ${entry.size} bytes has ${entry.packedSize} bytes of data.`;
    throw new AnomalyError({ rule: "archive/size-mismatch", message, at });
  }
  return packed;
}

/** The blocks as one array of `size` bytes. */
export async function collect(stream: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const block of stream) parts.push(block);
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, size);
}
