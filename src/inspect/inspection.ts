import type { Container, EntryKind } from "../archive/archive.ts";
import type { Manifest, ManifestIssue } from "../manifest/manifest.ts";
import type { ModelFormat } from "../model/model-format.ts";
import type { Signature } from "../model/signature.ts";

export interface InspectedEntry {
  readonly path: string;
  readonly kind: EntryKind;
  /** Bytes when unpacked. */
  readonly size: number;
  /** Bytes in the container. */
  readonly packedSize: number;
  readonly method: string;
  /** POSIX permission bits in octal, where the container has them. */
  readonly mode: string | null;
  /** Lower-case hex: computed with `digests`, else what the manifest declares, else null. */
  readonly sha256: string | null;
}

export interface InspectedModel {
  readonly file: string;
  readonly format: ModelFormat;
  /** Null where the header cannot be read. */
  readonly signature: Signature | null;
}

export interface InspectedLabels {
  readonly file: string;
  readonly count: number;
  /** The first few, in the order of their index. */
  readonly first: readonly string[];
}

/** What an archive holds, as data; the `--json` document of `inspect`. */
export interface Inspection {
  readonly schemaVersion: 1;
  readonly path: string;
  readonly container: Container;
  /** Bytes. */
  readonly size: number;
  /** Null for a bare model file, or when there is none or it does not parse. */
  readonly manifest: Manifest | null;
  readonly manifestIssues: readonly ManifestIssue[];
  readonly handler: { readonly name: string; readonly builtIn: boolean; readonly file: string | null } | null;
  readonly labels: InspectedLabels | null;
  readonly model: InspectedModel | null;
  /** SHA-256 root over all entries, as the manifest declares it. */
  readonly integrityRoot: string | null;
  readonly entries: readonly InspectedEntry[];
  /** What is wrong with the container itself; `verify` says what follows from it. */
  readonly anomalies: readonly { readonly rule: string; readonly message: string; readonly at: string | null }[];
}
