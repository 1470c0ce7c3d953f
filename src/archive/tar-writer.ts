import { createHash } from "node:crypto";
import type { Stats } from "node:fs";
import { PassThrough } from "node:stream";
import { crc32 } from "node:zlib";
import type { TarArchive } from "archiver";
import { BlockGzip } from "./block-gzip.ts";
import type { DiskFile } from "./disk.ts";
import type { PlannedEntry } from "./entry-source.ts";
import { BlockRing, stopIfAborted } from "./read-once.ts";
import type { WriteOptions, WrittenArchive, WrittenEntry } from "./written-archive.ts";

/** The same date as in our ZIP files, so that equal inputs give equal bytes. */
const date = new Date(Date.UTC(1980, 0, 1));

/**
 * Writes a .tar.gz with every entry below `<name>/`, since TorchServe cuts off everything up to the first slash.
 * archiver makes the tar; the gzip around it is compressed in blocks on all cores.
 */
export async function writeTarGz(
  file: DiskFile,
  name: string,
  entries: readonly PlannedEntry[],
  options: WriteOptions,
): Promise<WrittenArchive> {
  const { TarArchive: Tar } = await import("archiver");
  const tar = new Tar();
  const gzip = new BlockGzip(file);
  const failed = new Promise<never>((_, reject) => tar.on("error", reject));
  const compressed = compress(tar, gzip);
  failed.catch(() => undefined);
  compressed.catch((error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))));
  const largest = entries.reduce((most, entry) => Math.max(most, entry.source.size), 0);
  const ring = new BlockRing(largest);
  const written: WrittenEntry[] = [];
  try {
    for (const entry of entries) {
      stopIfAborted(options.signal);
      written.push(await Promise.race([failed, addEntry(tar, `${name}/${entry.path}`, entry, ring, options)]));
    }
    const last = await options.seal(written);
    tar.append(Buffer.from(last.bytes), { name: `${name}/${last.path}`, mode: 0o644, date });
    written.push(sealed(last));
    await Promise.race([failed, Promise.all([tar.finalize(), compressed])]);
    return { entries: written, size: gzip.size };
  } catch (error) {
    tar.destroy();
    throw error;
  } finally {
    await compressed.catch(() => undefined);
    await gzip.settle();
    await ring.close();
  }
}

async function compress(tar: TarArchive, gzip: BlockGzip): Promise<void> {
  for await (const chunk of tar) {
    if (chunk instanceof Uint8Array) await gzip.write(chunk);
  }
  await gzip.end();
}

async function addEntry(
  tar: TarArchive,
  name: string,
  entry: PlannedEntry,
  ring: BlockRing,
  options: WriteOptions,
): Promise<WrittenEntry> {
  const { path, mode } = entry;
  const { size } = entry.source;
  const source = await entry.source.open(options.disk);
  const stream = new PassThrough();
  // Of a stream archiver wants to know the size beforehand, and takes it from `stats` only.
  const stats: Stats = Object.assign(Object.create(null), { size, mode });
  try {
    tar.append(stream, { name, mode, date, stats });
    const sums = await ring.pass(source, size, (block) => push(stream, Buffer.from(block)), options);
    stream.end();
    return { path, size, packedSize: size, method: "deflated", ...sums };
  } catch (error) {
    tar.destroy();
    throw error;
  } finally {
    await source.close();
  }
}

/** Settles when the stream has taken the block, or can never take it. */
function push(stream: PassThrough, block: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once("close", resolve);
    stream.write(block, (error) => {
      stream.off("close", resolve);
      if (error) reject(error);
      else resolve();
    });
  });
}

function sealed(last: { readonly path: string; readonly bytes: Uint8Array }): WrittenEntry {
  const size = last.bytes.length;
  const sha256 = createHash("sha256").update(last.bytes).digest("hex");
  return { path: last.path, size, packedSize: size, method: "deflated", crc32: crc32(last.bytes), sha256 };
}
