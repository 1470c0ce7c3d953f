import type { ModelValues, TopValues } from "./fields.ts";

/** `MAR-INF/MANIFEST.json`, as torch-model-archiver writes it and TorchServe's `Manifest.java` reads it. */
export const manifestPath = "MAR-INF/MANIFEST.json";

/**
 * `handler` is as typed, base name only: `handler.py`, `handler`, `handler:entry_point`, or one of TorchServe's own
 * names. Unknown keys are kept and shown.
 */
export type ManifestModel = ModelValues & { readonly [key: string]: unknown };

/** Our additions: one top-level key, last in the object; TorchServe ignores it. */
export interface Additions {
  readonly schemaVersion: number;
  readonly tool: string;
  readonly version: string;
  readonly integrity?: Integrity;
  readonly [key: string]: unknown;
}

export interface Integrity {
  readonly algorithm: "sha256";
  /** SHA-256 (hex) of the lines `sha256 size path\n` of all entries but the manifest, by the path's UTF-8 bytes. */
  readonly root: string;
  readonly entries: Readonly<Record<string, EntryDigest>>;
}

export interface EntryDigest {
  /** Bytes, unpacked. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface Manifest extends TopValues {
  readonly runtime: string;
  readonly model: ManifestModel;
  readonly modelArchiver?: Additions;
  /** Unknown keys are kept and shown. */
  readonly [key: string]: unknown;
}

/** What kind of thing is wrong, for those who sort issues into checks. */
export type ManifestRule =
  | "size"
  | "encoding"
  | "bom"
  | "syntax"
  | "depth"
  | "number"
  | "duplicate-key"
  | "dangerous-key"
  | "surrogate"
  | "missing"
  | "type"
  | "value"
  | "path"
  | "newer";

export interface ManifestIssue {
  /** JSON pointer (RFC 6901); empty for the whole document. */
  readonly pointer: string;
  readonly message: string;
  /** An error stops TorchServe or its worker; a warning does not. */
  readonly severity: "error" | "warning";
  readonly rule: ManifestRule;
}

/** What parsing found: the manifest as far as it could be read (null when it is no object), and every issue. */
export interface ManifestReading {
  readonly manifest: Manifest | null;
  readonly issues: readonly ManifestIssue[];
}
