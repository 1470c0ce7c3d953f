import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { type ByteSource, memorySource } from "../../archive/byte-source.ts";
import { type FileSource, openFile, translated } from "../../archive/file-source.ts";
import { type PrivateFolder, privateFolder } from "../../archive/private-folder.ts";
import { Replay } from "./replay.ts";

/** What comes out of a stream stays in memory up to this size. */
export const inMemory = 8 << 20;

/** Makes what comes out of a stream readable at random: small in memory, large in a private folder until `close`. */
export class Spool {
  private readonly parent: string | undefined;
  private folder: Promise<PrivateFolder> | undefined;
  private readonly opened: (FileSource | Replay)[] = [];
  private count = 0;

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

  /** What would not be kept: `start` unpacks it, and may be called again. */
  replay(size: number, start: () => AsyncIterable<Uint8Array>): ByteSource {
    const source = new Replay(size, start);
    this.opened.push(source);
    return source;
  }

  private async toFile(parts: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): Promise<ByteSource> {
    this.folder ??= privateFolder(this.parent);
    const path = join((await this.folder).path, `unpacked-${(this.count += 1)}`);
    const handle = await open(path, "wx", 0o600);
    const write = (part: Uint8Array): Promise<unknown> =>
      handle.write(part).catch((error: unknown) => Promise.reject(translated(error, path)));
    try {
      for (const part of parts) await write(part);
      for (let step = await rest.next(); !step.done; step = await rest.next()) await write(step.value);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    const source = await openFile(path);
    this.opened.push(source);
    return source;
  }

  async close(): Promise<void> {
    for (const source of this.opened.splice(0)) await source.close();
    await (await this.folder)?.remove();
    this.folder = undefined;
  }
}
