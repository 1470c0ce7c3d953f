import { open as openForWriting } from "node:fs/promises";
import { join } from "node:path";
import type { Entry } from "./archive.ts";
import { AnomalyError } from "./archive.ts";
import type { ByteSource } from "./byte-source.ts";
import { memorySource } from "./byte-source.ts";
import type { FileSource } from "./file-source.ts";
import { openFile, translated } from "./file-source.ts";
import type { PrivateFolder } from "./private-folder.ts";
import { privateFolder } from "./private-folder.ts";
import { collect } from "./zip-stream.ts";

/** Unpacked entries up to this size stay in memory. */
const inMemory = 8 << 20;

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
