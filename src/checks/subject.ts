import type { Archive, Entry } from "../archive/archive.ts";
import type { ByteSource } from "../archive/byte-source.ts";
import type { ManifestReading } from "../manifest/manifest.ts";
import type { ModelFormat } from "../model/model-format.ts";
import type { Signature } from "../model/signature.ts";
import type { AuditedFile } from "../residency/audit.ts";
import type { ResidencyPolicy } from "../residency/jurisdiction.ts";
import type { Inference } from "../runtime/inference.ts";
import type { ModelRun, Rerun, ServedRun } from "../runtime/model-run.ts";
import type { RequestBody } from "../runtime/request-body.ts";
import type { RuntimeInput } from "../runtime/runtime-input.ts";
import type { SampleFile } from "../sample/sample-file.ts";
import type { Signer } from "../sign/envelope.ts";
import type { NoAnswer } from "./check.ts";

/** The model file that the manifest names, or the bare file itself. */
export interface SubjectModel {
  readonly entry: Entry;
  readonly source: ByteSource;
  readonly format: ModelFormat;
}

/** What the user asked of the checks. */
export interface CheckOptions {
  /** False with `--no-digests`: neither CRC-32 nor SHA-256 is computed, and checks that need one are skipped. */
  readonly digests: boolean;
  /** Globals (`module.name`) that pickles may use although they are not on our list. */
  readonly allowGlobals: readonly string[];
  /** What the server runs, e.g. `{ torch: "2.4" }`. */
  readonly target: Readonly<Record<string, string>>;
  /** Rows of a batch that the model must also take; null: `batchSize` of model-config.yaml, where there is one. */
  readonly batch: number | null;
  /** What `--residency` allows; null: nobody asked. */
  readonly residency: ResidencyPolicy | null;
  /** Docker and compose files beside the archive, which the residency audit reads too. */
  readonly besides: readonly AuditedFile[];
  /** The example that `--sample` gives; null: none. */
  readonly sample: SampleRequest | null;
  /** What `--require-signature` asks for; null: nobody asked. */
  readonly requiredSignature: RequiredSignature | null;
  /** What `--require-attestation` asks for; null: nobody asked. */
  readonly requiredAttestation: RequiredSignature | null;
  /** Where what must be unpacked goes; the system's temporary folder when left out. */
  readonly tmpDir?: string;
}

/** Something about the archive must be signed: its bytes, or the statement that they were tested. */
export interface RequiredSignature {
  /** By whom. */
  readonly signer: Signer;
  /** The file with the signature; null: beside the archive. */
  readonly file: string | null;
}

export interface SampleRequest {
  readonly file: SampleFile;
  /** The label that must come first; null: any. */
  readonly expect: string | null;
  /** Names of the classes, where they are not in the archive (yet). */
  readonly labels?: ReadonlyMap<string, string>;
}

export const defaultCheckOptions: CheckOptions = {
  digests: true,
  allowGlobals: [],
  target: {},
  batch: null,
  residency: null,
  besides: [],
  sample: null,
  requiredSignature: null,
  requiredAttestation: null,
};

/** What checks look at: each thing read once, on demand, and remembered. */
export interface Subject {
  readonly archive: Archive;
  readonly options: CheckOptions;
  /** The entry of this path, or null. */
  entry(path: string): Entry | null;
  /** Null when the archive has no manifest (a bare model file never has one). */
  manifest(): Promise<ManifestReading | null>;
  /** The entry's bytes; null when there is none, it is over `limit` bytes, or it is not what the container declares. */
  bytes(path: string, limit?: number): Promise<Uint8Array | null>;
  /** The entry as UTF-8 text; null when there is none, it is over `limit` bytes, or it is no UTF-8. */
  text(path: string, limit?: number): Promise<string | null>;
  model(): Promise<SubjectModel | null>;
  /** Null where there is no model or its header cannot be read. */
  signature(): Promise<Signature | null>;
  /** The dummy run, once the static checks allow it; a NoAnswer says why there was none. */
  inference(): Promise<Inference | NoAnswer>;
  /** The same run with how far it came, for the checks of the family `model/`. */
  modelRun(): Promise<ModelRun>;
  /** Another run, on these inputs, with its outputs in full. */
  rerun(inputs: readonly RuntimeInput[]): Promise<Rerun>;
  /** A request to the server that runs the model; null: what runs it takes tensors. */
  readonly request: ((body: RequestBody) => Promise<ServedRun>) | null;
}
