import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { constants, gunzipSync } from "node:zlib";
import { ArchiverError } from "../errors.ts";
import type { ByteSource } from "./byte-source.ts";
import type { Disk } from "./disk.ts";
import { defaultLimits } from "./limits.ts";
import { startsTar } from "./tar-records.ts";
import type { WrittenArchive } from "./written-archive.ts";
import type { ZipEntry } from "./zip-central.ts";
import { readZip } from "./zip-records.ts";

/** What a writer alone is to blame for; names, collisions and ratios are the inputs' own. */
const structure: ReadonlySet<string> = new Set([
  "archive/central-directory",
  "archive/data-descriptor",
  "archive/encrypted",
  "archive/end-record",
  "archive/extra-field",
  "archive/flags-differ",
  "archive/gap",
  "archive/hidden-entry",
  "archive/leading-bytes",
  "archive/multi-disk",
  "archive/overlap",
  "archive/packing-method",
  "archive/size-mismatch",
  "archive/trailing-bytes",
  "archive/truncated",
  "archive/two-views",
  "archive/zip64",
]);

/**
 * Reads the headers of a ZIP that was just written, both views, and holds them against what was to be written. The
 * entries' data are not read again. Throws ArchiverError `output-damaged`.
 */
export async function reopenZip(disk: Disk, path: string, written: WrittenArchive): Promise<void> {
  await withSource(disk, path, written.size, async (source) => {
    const limits = { ...defaultLimits, entries: Infinity, directoryBytes: Infinity };
    const { entries, anomalies } = await readZip(source, limits);
    const [wrong] = anomalies.filter(({ rule }) => structure.has(rule));
    if (wrong) throw damaged(path, `${wrong.at === null ? "" : `${wrong.at}: `}${wrong.message}`);
    if (entries.length !== written.entries.length) {
      throw damaged(path, `${written.entries.length} entries were written, ${entries.length} are there`);
    }
    for (const [index, expected] of written.entries.entries()) {
      const found: ZipEntry | undefined = entries[index];
      const same =
        found?.path === expected.path &&
        found.size === expected.size &&
        found.packedSize === expected.packedSize &&
        found.method === expected.method &&
        found.crc32 === expected.crc32 &&
        found.dataOffset !== null;
      if (!same) throw damaged(path, `${expected.path} is not there as it was written`);
    }
  });
}

/** A tar.gz shows its entries only when all of it is unpacked: its size, its first tar header and its end are held. */
export async function reopenTarGz(disk: Disk, path: string, written: WrittenArchive): Promise<void> {
  await withSource(disk, path, written.size, async (source) => {
    const head = await source.read(0, Math.min(source.size, 1 << 16));
    if (!startsTar(beginning(head))) throw damaged(path, "it does not begin with a tar header");
    const end = Buffer.from(await source.read(source.size - 4, 4)).readUInt32LE(0);
    if (end % 512 !== 0 || end === 0) throw damaged(path, "its end is not the end of a tar file");
  });
}

/** The plain bytes of a gzip member's first part; none when it is no gzip. */
function beginning(packed: Uint8Array): Uint8Array {
  try {
    return gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return new Uint8Array(0);
  }
}

/** Every file of a folder is there, with its size. Throws ArchiverError `output-damaged`. */
export async function reopenFolder(folder: string, written: WrittenArchive["entries"]): Promise<void> {
  for (const { path, size } of written) {
    const stats = await lstat(join(folder, ...path.split("/"))).catch(() => null);
    if (!stats?.isFile() || stats.size !== size) throw damaged(folder, `${path} is not there as it was written`);
  }
}

async function withSource(
  disk: Disk,
  path: string,
  size: number,
  check: (source: ByteSource) => Promise<void>,
): Promise<void> {
  const file = await disk.open(path);
  try {
    const found = await file.size();
    if (found !== size) throw damaged(path, `${size} bytes were written, ${found} are there`);
    const read = async (offset: number, length: number): Promise<Uint8Array> => {
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const count = await file.read(bytes.subarray(done), offset + done);
        if (count === 0) throw damaged(path, `it ends at byte ${offset + done}`);
        done += count;
      }
      return bytes;
    };
    await check({ size, position: null, read });
  } finally {
    await file.close();
  }
}

function damaged(path: string, what: string): ArchiverError {
  return new ArchiverError("output-damaged", `what was written to ${path} reads back differently: ${what}`);
}
