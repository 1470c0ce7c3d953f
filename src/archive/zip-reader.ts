import { open as openForWriting } from "node:fs/promises";
import { join } from "node:path";
import type { Archive, Entry } from "./archive.ts";
import { AnomalyError } from "./archive.ts";
import type { ByteSource } from "./byte-source.ts";
import { blocks, memorySource } from "./byte-source.ts";
import type { FileSource } from "./file-source.ts";
import { openFile, translated } from "./file-source.ts";
import { inflate } from "./inflate.ts";
import type { PrivateFolder } from "./private-folder.ts";
import { privateFolder } from "./private-folder.ts";
import type { ZipEntry } from "./zip-central.ts";
import { flag } from "./zip-format.ts";
import type { ZipView } from "./zip-records.ts";
import { packedBytes } from "./zip-records.ts";

/** Unpacked entries up to this size stay in memory. */
const inMemory = 8 << 20;

/** An entry's plain bytes in order. Throws AnomalyError where they are not what the directory declares. */
export async function* streamZipEntry(source: ByteSource, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  const packed = readable(source, entry);
  if (entry.method === "stored") yield* blocks(packed);
  else yield* inflate(packed, entry);
}

function readable(source: ByteSource, entry: ZipEntry): ByteSource {
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

/** Keeps what had to be unpacked, in memory or in a private folder, until `close`. */
export class Unpacked {
  readonly #parent: string | undefined;
  readonly #sources = new Map<Entry, Promise<ByteSource>>();
  readonly #files: FileSource[] = [];
  #folder: Promise<PrivateFolder> | undefined;

  constructor(parent: string | undefined) {
    this.#parent = parent;
  }

  /** The entry's bytes, unpacked by `stream` the first time. */
  source(entry: Entry, stream: () => AsyncIterable<Uint8Array>): Promise<ByteSource> {
    const known = this.#sources.get(entry) ?? this.#unpack(entry, stream());
    this.#sources.set(entry, known);
    return known;
  }

  async #unpack(entry: Entry, stream: AsyncIterable<Uint8Array>): Promise<ByteSource> {
    if (entry.size <= inMemory) return memorySource(await collect(stream, entry.size));
    this.#folder ??= privateFolder(this.#parent);
    const { path } = await this.#folder;
    const file = join(path, String(this.#sources.size));
    const handle = await openForWriting(file, "wx", 0o600);
    try {
      for await (const block of stream) await handle.write(block);
    } catch (error) {
      throw error instanceof AnomalyError ? error : translated(error, file);
    } finally {
      await handle.close();
    }
    const source = await openFile(file);
    this.#files.push(source);
    return source;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#sources.values());
    for (const file of this.#files.splice(0)) await file.close();
    await (await this.#folder)?.remove();
  }
}

async function collect(stream: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const block of stream) parts.push(block);
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, size);
}

/** The archive of a ZIP file whose headers are read already. */
export function zipArchive(location: string, source: FileSource, zip: ZipView, tmpDir: string | undefined): Archive {
  const byEntry = new Map<Entry, ZipEntry>(zip.entries.map((entry) => [entry, entry]));
  const unpacked = new Unpacked(tmpDir);
  const own = (entry: Entry): ZipEntry => {
    const found = byEntry.get(entry);
    if (found === undefined) throw new TypeError(`${entry.path} is not an entry of ${location}`);
    return found;
  };
  return {
    location,
    container: "zip",
    size: source.size,
    entries: zip.entries,
    anomalies: zip.anomalies,
    async open(entry) {
      const found = own(entry);
      if (found.method === "stored") return readable(source, found);
      return unpacked.source(entry, () => streamZipEntry(source, found));
    },
    stream: (entry) => streamZipEntry(source, own(entry)),
    async close() {
      await unpacked.close();
      await source.close();
    },
  };
}
