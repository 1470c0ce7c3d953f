import type { ByteSource } from "../archive/byte-source.ts";

/** https://github.com/opencontainers/image-spec/blob/main/descriptor.md */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:` and lower-case hex. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface StoredManifest {
  readonly bytes: Uint8Array;
  readonly digest: string;
  readonly mediaType: string;
}

/** A place for artifacts: a registry's repository, or a folder in OCI's image layout. */
export interface Store {
  hasBlob(digest: string): Promise<boolean>;
  /** Writes a blob that is not there yet; `mounted` when the registry had it elsewhere, and no byte was sent. */
  putBlob(digest: string, source: ByteSource, onBytes: (count: number) => void): Promise<"sent" | "mounted">;
  /** The bytes from `start` up to `end` (exclusive). May end early when the connection does: then it throws. */
  readBlob(digest: string, start: number, end: number): AsyncIterable<Uint8Array>;
  /** By tag or digest; null when there is none. */
  getManifest(name: string): Promise<StoredManifest | null>;
  putManifest(name: string, manifest: StoredManifest, descriptor: ManifestMeaning): Promise<void>;
  /** What refers to the manifest of this digest. */
  referrers(digest: string): Promise<readonly Descriptor[]>;
}

/** What an index says of a manifest. */
export interface ManifestMeaning {
  readonly artifactType: string;
  /** Digest of the manifest that this one refers to, or null. */
  readonly subject: string | null;
  /** Those of the manifest. */
  readonly annotations?: Readonly<Record<string, string>>;
}

export const manifestType = "application/vnd.oci.image.manifest.v1+json";
export const indexType = "application/vnd.oci.image.index.v1+json";
/** Bytes of the largest manifest; the specification asks registries to take 4 MiB. */
export const largestManifest = 4 << 20;
