import type { Disk } from "./disk.ts";
import type { Checksums, ReadOptions } from "./read-once.ts";

export interface WrittenEntry extends Checksums {
  readonly path: string;
  /** Bytes, plain. */
  readonly size: number;
  /** Bytes in the container; those of a tar.gz cannot be told apart, so its entries have their plain size. */
  readonly packedSize: number;
  readonly method: "stored" | "deflated";
}

/** An entry that is made of what is known of the others. */
export interface SealEntry {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface WriteOptions extends ReadOptions {
  readonly disk: Disk;
  /** The last entries, which need the digests of all others: the manifest, and what it speaks of. */
  readonly seal: (entries: readonly WrittenEntry[]) => Promise<readonly SealEntry[]>;
}

/** What was written: all entries, those of `seal` last. */
export interface WrittenArchive {
  readonly entries: readonly WrittenEntry[];
  /** Bytes of the file, or of all files of the folder. */
  readonly size: number;
}
