import { ArchiverError } from "../errors.ts";
import { type ByteSource, fill } from "./byte-source.ts";
import type { Disk } from "./disk.ts";

/** Where an entry's bytes come from; read once, from start to end, in blocks. */
export interface EntrySource {
  /** Bytes, as the plan knows them. */
  readonly size: number;
  open(disk: Disk): Promise<OpenSource>;
  /** All bytes at once, where that is cheaper; only for sources of at most `smallFile` bytes. */
  readonly whole?: (disk: Disk) => Uint8Array;
}

/** Up to this size a file is read in one go. */
const smallFile = 64 << 10;

export interface OpenSource {
  /** Fills the whole of `block` from `position`. Throws ArchiverError `input-changed` when the bytes are not there. */
  read(block: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

/** What will be written as one entry. */
export interface PlannedEntry {
  /** Path inside of the archive, `/` between folders. */
  readonly path: string;
  readonly mode: 0o644 | 0o755;
  readonly source: EntrySource;
}

/** A file on disk. `size` is what the plan saw; a file that grew or shrank since is refused. */
export function fileSource(path: string, size: number): EntrySource {
  return {
    size,
    ...(size <= smallFile ? { whole: (disk: Disk) => readWhole(disk, path, size) } : {}),
    async open(disk) {
      const file = await disk.open(path);
      try {
        const now = await file.size();
        if (now !== size) throw changed(path, `${size} bytes when planned, ${now} now`);
      } catch (error) {
        await file.close();
        throw error;
      }
      return {
        async read(block, position) {
          let filled = 0;
          while (filled < block.length) {
            const count = await file.read(filled === 0 ? block : block.subarray(filled), position + filled);
            if (count === 0) throw changed(path, `ends at byte ${position + filled} of ${size}`);
            filled += count;
          }
        },
        close: () => file.close(),
      };
    },
  };
}

function readWhole(disk: Disk, path: string, size: number): Uint8Array {
  const bytes = disk.readSmall(path, size);
  if (bytes.length !== size) throw changed(path, `${size} bytes when planned, ${bytes.length} or more now`);
  return bytes;
}

/** All of a source, in memory. */
export async function readAll(source: EntrySource, disk: Disk): Promise<Uint8Array> {
  if (source.whole) return source.whole(disk);
  const bytes = new Uint8Array(source.size);
  const opened = await source.open(disk);
  try {
    if (source.size > 0) await opened.read(bytes, 0);
  } finally {
    await opened.close();
  }
  return bytes;
}

/** Bytes of another archive or of memory. */
export function byteEntry(source: ByteSource): EntrySource {
  return {
    size: source.size,
    async open() {
      return {
        read: (block, position) => fill(source, block, position),
        async close() {},
      };
    },
  };
}

function changed(path: string, what: string): ArchiverError {
  return new ArchiverError("input-changed", `${path} changed while it was packed: ${what}`);
}
