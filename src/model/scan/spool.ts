import { open } from "node:fs/promises";
import { join } from "node:path";
import { type ByteSource, memorySource } from "../../archive/byte-source.ts";
import { type FileSource, openFile } from "../../archive/file-source.ts";
import { type PrivateFolder, privateFolder } from "../../archive/private-folder.ts";

const inMemory = 8 << 20;

/** Makes what comes out of a stream readable at random: small in memory, large in a private folder until `close`. */
export class Spool {
  private readonly parent: string | undefined;
  private folder: Promise<PrivateFolder> | undefined;
  private readonly files: FileSource[] = [];

  constructor(parent?: string) {
    this.parent = parent;
  }

  async source(stream: AsyncIterable<Uint8Array>): Promise<ByteSource> {
    const parts: Uint8Array[] = [];
    let size = 0;
    const iterator = stream[Symbol.asyncIterator]();
    for (let step = await iterator.next(); !step.done; step = await iterator.next()) {
      parts.push(step.value);
      size += step.value.length;
      if (size > inMemory) return this.toFile(parts, iterator);
    }
    return memorySource(Buffer.concat(parts));
  }

  private async toFile(parts: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): Promise<ByteSource> {
    this.folder ??= privateFolder(this.parent);
    const path = join((await this.folder).path, `unpacked-${this.files.length}`);
    const handle = await open(path, "wx", 0o600);
    try {
      for (const part of parts) await handle.write(part);
      for (let step = await rest.next(); !step.done; step = await rest.next()) await handle.write(step.value);
    } finally {
      await handle.close();
    }
    const source = await openFile(path);
    this.files.push(source);
    return source;
  }

  async close(): Promise<void> {
    for (const file of this.files.splice(0)) await file.close();
    await (await this.folder)?.remove();
    this.folder = undefined;
  }
}
