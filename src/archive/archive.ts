import type { ByteSource } from "./byte-source.ts";

/** `bare` is a model file by itself: an archive of one entry that no server opens. */
export type Container = "zip" | "tar" | "tar.gz" | "directory" | "bare";

export type EntryKind = "file" | "directory" | "link" | "special";

/** One member, exactly as the container names it: hostile names too, since a verifier must be able to report them. */
export interface Entry {
  /** Path inside the archive. The leading `<name>/` of tar.gz archives is cut off, as TorchServe does. */
  readonly path: string;
  readonly kind: EntryKind;
  /** Bytes when unpacked. */
  readonly size: number;
  /** Bytes in the container. */
  readonly packedSize: number;
  readonly method: "stored" | "deflated" | "unsupported";
  /** POSIX permission bits, where the container has them. */
  readonly mode: number | null;
  /** CRC-32 that the container declares. */
  readonly crc32: number | null;
}

/** Something wrong with the container itself. `rule` is the id of the check that reports it (`archive/…` or `serve/…`). */
export interface Anomaly {
  readonly rule: string;
  readonly message: string;
  /** The entry, where one is to blame. */
  readonly at: string | null;
}

/** What one read of every byte yields. */
export interface Digests {
  /** Entries whose bytes are what the container declares, CRC-32 aside. */
  readonly of: ReadonlyMap<Entry, Digest>;
  /** What is wrong with the content: damaged data, wrong CRC-32, archives in archives. */
  readonly anomalies: readonly Anomaly[];
  /** Why nothing was read (reading a bomb is what its maker wants), or null. */
  readonly refused: string | null;
}

export interface Digest {
  readonly crc32: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** Sees the plain bytes of an entry while they are read for its digest: each block once, in order, and only during the call. */
export type BlockWatcher = (block: Uint8Array, position: number) => void;

/** Thrown by `open` and `stream` when an entry's bytes are not what the container declares. */
export class AnomalyError extends Error {
  readonly anomaly: Anomaly;

  constructor(anomaly: Anomaly) {
    super(anomaly.at === null ? anomaly.message : `${anomaly.at}: ${anomaly.message}`);
    this.name = "AnomalyError";
    this.anomaly = anomaly;
  }
}

/** What was opened, whatever the container. Readers list whatever is there; only extraction enforces. */
export interface Archive {
  /** As the user gave it: path or URL. */
  readonly location: string;
  readonly container: Container;
  /** Bytes of the file, or of all files of a directory. */
  readonly size: number;
  readonly entries: readonly Entry[];
  /** What the reader noticed of the structure. Empty for a sound container. */
  readonly anomalies: readonly Anomaly[];
  /** Set when the structure was looked at in part only: why. Such an archive can be inspected, never found sound. */
  readonly partial?: string;
  /**
   * Random access to an entry's plain bytes. Stored entries are read in place; others are unpacked once, small ones
   * to memory, large ones to a private folder that `close` removes.
   */
  open(entry: Entry): Promise<ByteSource>;
  /** The entry's plain bytes in order, never more than its declared size. Throws when they are not what was declared. */
  stream(entry: Entry): AsyncIterable<Uint8Array>;
  /**
   * CRC-32 and SHA-256 of all entries, from one read of the archive that all who ask share. Who asks first may `watch`
   * that read; later watchers see nothing.
   */
  digests(watch?: (entry: Entry) => BlockWatcher | null): Promise<Digests>;
  close(): Promise<void>;
}
