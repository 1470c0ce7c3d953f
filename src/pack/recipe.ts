import type { Runtime } from "../manifest/fields.ts";

export const archiveFormats = ["tgz", "no-archive", "zip-store", "default"] as const;
/** torch-model-archiver's names: `default` and `zip-store` write .mar, `tgz` .tar.gz, `no-archive` a folder. */
export type ArchiveFormat = (typeof archiveFormats)[number];

/** An example with the label that must come first; null: any. */
export interface SampleToRecord {
  readonly file: string;
  readonly expect: string | null;
}

/**
 * What to pack: torch-model-archiver's flags as keys, and ours. Paths are relative to `ArchiveOptions.cwd`. With `from`,
 * what is left out is taken from that archive; without it `modelName`, `version` and `handler` are required.
 */
export interface Recipe {
  readonly modelName?: string | undefined;
  /** The model's version. Empty leaves the key out of the manifest, as torch-model-archiver does. */
  readonly version?: string | undefined;
  /**
   * A Python file with or without `.py`, `file:entry_point`, one of TorchServe's own handlers, or one of ours for ONNX
   * models: `onnx_image_classifier`, `onnx_text_classifier`, `onnx_tensor`.
   */
  readonly handler?: string | undefined;
  readonly serializedFile?: string | undefined;
  readonly modelFile?: string | undefined;
  /** Each a comma-separated list of files, folders, wildcards or `name-in-archive=path`. */
  readonly extraFiles?: readonly string[] | undefined;
  readonly requirementsFile?: string | undefined;
  readonly configFile?: string | undefined;
  readonly runtime?: Runtime | undefined;
  /** Folder of the output; made when it is missing. The current one when left out. */
  readonly exportPath?: string | undefined;
  readonly archiveFormat?: ArchiveFormat | undefined;
  /** Replace an existing output. */
  readonly force?: boolean | undefined;
  /** Extra files keep their folders instead of landing at the root. */
  readonly keepDirectories?: boolean | undefined;
  /** Wildcards of what is packed although it looks like a secret or rubbish. */
  readonly include?: readonly string[] | undefined;
  /** Examples to run now and record: every later verify runs them again. */
  readonly sample?: readonly (string | SampleToRecord)[] | undefined;
  /** The label that each of them must get, where it names none itself. */
  readonly expect?: string | undefined;
  /** Digest each tensor of the model into `MAR-INF/tensors.json`. */
  readonly tensorDigests?: boolean | undefined;
  /** Write a CycloneDX bill of materials of the archive into it. */
  readonly bom?: boolean | undefined;
  /** `now` or an ISO 8601 date; otherwise SOURCE_DATE_EPOCH, otherwise the newest modification time of the inputs. */
  readonly createdOn?: string | undefined;
  /** An archive to pack again: its entries and manifest values, replaced by whatever else is given. */
  readonly from?: string | undefined;
}
