import { createHash } from "node:crypto";
import type { Stats } from "node:fs";
import { PassThrough } from "node:stream";
import { crc32 } from "node:zlib";
import type { TarArchive } from "archiver";
import { BlockGzip } from "./block-gzip.ts";
import type { DiskFile } from "./disk.ts";
import type { PlannedEntry } from "./entry-source.ts";
import { BlockRing, stopIfAborted } from "./read-once.ts";
import type { SealEntry, WriteOptions, WrittenArchive, WrittenEntry } from "./written-archive.ts";

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
  const compressed = compress(tar, gzip);
  const failed = compressed.then(() => new Promise<never>(() => undefined));
  failed.catch(() => undefined);
  const largest = entries.reduce((most, entry) => Math.max(most, entry.source.size), 0);
  const ring = await BlockRing.for(largest);
  const written: WrittenEntry[] = [];
  try {
    for (const entry of entries) {
      stopIfAborted(options.signal);
      written.push(await addEntry({ tar, failed }, `${name}/${entry.path}`, entry, ring, options));
    }
    for (const last of await options.seal(written)) {
      tar.append(Buffer.from(last.bytes), { name: `${name}/${last.path}`, mode: 0o644, date });
      written.push(sealed(last));
    }
    await Promise.race([failed, Promise.all([tar.finalize(), compressed])]);
    return { entries: written, size: gzip.size };
  } finally {
    // After a failure the streams are let go, not destroyed: destroying makes those inside archiver throw at nobody.
    await gzip.close();
    await ring.close();
  }
}

/** Settles when all of the tar is compressed and written. */
function compress(tar: TarArchive, gzip: BlockGzip): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.on("error", reject);
    tar.on("data", (chunk) => {
      tar.pause();
      gzip.write(chunk).then(() => tar.resume(), reject);
    });
    tar.on("end", () => void gzip.end().then(resolve, reject));
  });
}

interface OpenTar {
  readonly tar: TarArchive;
  /** Rejects when the tar cannot be written any more; never fulfils. */
  readonly failed: Promise<never>;
}

async function addEntry(
  { tar, failed }: OpenTar,
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
  // The ring uses the block again; archiver may still hold what it took.
  const push = (block: Uint8Array): Promise<void> =>
    Promise.race([
      failed,
      new Promise<void>((resolve, reject) => {
        stream.write(Buffer.from(block), (error) => (error ? reject(error) : resolve()));
      }),
    ]);
  try {
    tar.append(stream, { name, mode, date, stats });
    const sums = await ring.pass(source, size, push, options);
    stream.end();
    return { path, size, packedSize: size, method: "deflated", ...sums };
  } finally {
    await source.close();
  }
}

function sealed(last: SealEntry): WrittenEntry {
  const size = last.bytes.length;
  const sha256 = createHash("sha256").update(last.bytes).digest("hex");
  return { path: last.path, size, packedSize: size, method: "deflated", crc32: crc32(last.bytes), sha256 };
}
