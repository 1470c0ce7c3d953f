/**
 * The manifest's keys: the one source of types, validation and the published JSON Schema. A table of our own and not a
 * schema library, because reading a manifest must not cost 8 ms of start-up where the whole of `inspect` has 20.
 * What TorchServe does with each value was read in its `Manifest.java` and worker, and measured with 0.12.0.
 */
export interface Field {
  readonly type: "string" | "integer";
  readonly required?: true;
  /** Words when it is missing. */
  readonly missing?: string;
  /** A number is coerced by Gson; anything else of the wrong type stops TorchServe. */
  readonly numberIsWarning?: true;
  readonly values?: readonly string[];
  readonly pattern?: string;
  /** The value names a file of the archive, relative to its root. */
  readonly file?: true;
  readonly description: string;
}

export const runtimes = ["python", "python3", "LSP"] as const;
export type Runtime = (typeof runtimes)[number];

/** torch-model-archiver's rule for model names. */
export const modelNamePattern = /^[A-Za-z0-9][A-Za-z0-9_\-.]*$/;
/** `dd/mm/YYYY HH:MM:SS`, Python's `%d/%m/%Y %H:%M:%S`. */
export const createdOnPattern = /^(\d{2})\/(\d{2})\/(\d{4}) (\d{2}):(\d{2}):(\d{2})$/;

/** In torch-model-archiver's order, which is also the order of writing. */
export const modelFields = {
  modelName: {
    type: "string",
    required: true,
    missing: 'missing; TorchServe answers 400 "Model name is not defined."',
    description: "Name of the model in TorchServe's URLs.",
  },
  serializedFile: { type: "string", file: true, description: "Model weights or program." },
  handler: {
    type: "string",
    required: true,
    missing: "missing; TorchServe has no handler to start",
    description: "handler.py, handler, handler:entry_point, or one of TorchServe's own names.",
  },
  modelFile: { type: "string", file: true, description: "Python file with the model's class, for eager mode." },
  modelVersion: {
    type: "string",
    required: true,
    missing: "missing; TorchServe serves it as 1.0, older ones refuse it",
    numberIsWarning: true,
    description: "Version of the model, as typed.",
  },
  extensions: { type: "string", description: "Never written by the command line." },
  requirementsFile: { type: "string", file: true, description: "Python requirements of the handler." },
  configFile: { type: "string", file: true, description: "model-config.yaml." },
} as const satisfies Record<string, Field>;

/** In torch-model-archiver's order; `model` stands between `runtime` and `archiverVersion`. */
export const topFields = {
  createdOn: { type: "string", pattern: createdOnPattern.source, description: "dd/mm/YYYY HH:MM:SS." },
  runtime: {
    type: "string",
    values: runtimes,
    description: "What executes the handler.",
  },
  archiverVersion: { type: "string", numberIsWarning: true, description: "Version of the tool that wrote this." },
} as const satisfies Record<string, Field>;

type ValueOf<F extends Field> = F extends { type: "integer" } ? number : string;
type Optional<T extends Record<string, Field>> = { readonly [K in keyof T]?: ValueOf<T[K]> };

export type ModelValues = Optional<typeof modelFields> & { readonly modelName: string; readonly handler: string };
export type TopValues = Optional<typeof topFields>;
