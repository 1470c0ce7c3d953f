import { type Runtime, modelFields } from "./fields.ts";
import type { Additions, Integrity, Manifest, ManifestModel } from "./manifest.ts";

/** The version of the `modelArchiver` block that this code writes and knows. */
export const additionsVersion = 1;

export interface ManifestInput {
  /** Formatted: `dd/mm/YYYY HH:MM:SS`. */
  readonly createdOn: string;
  readonly runtime: Runtime;
  readonly modelName: string;
  /** As typed; folders before the last `/` are cut off. */
  readonly handler: string;
  /** Paths as typed, or names; folders are cut off. Empty is the same as missing, as in torch-model-archiver. */
  readonly serializedFile?: string | undefined;
  readonly modelFile?: string | undefined;
  readonly modelVersion?: string | undefined;
  readonly requirementsFile?: string | undefined;
  readonly configFile?: string | undefined;
  /** Version of this package. */
  readonly archiverVersion: string;
  readonly integrity?: Integrity;
  /** More keys of the `modelArchiver` block, after `integrity`. */
  readonly additions?: Readonly<Record<string, unknown>>;
  /** A manifest whose unknown keys and values are kept where this input has none (repacking). */
  readonly base?: Manifest;
}

/** The manifest in the order of keys that torch-model-archiver writes, ours last. */
export function buildManifest(input: ManifestInput): Manifest {
  const {
    createdOn: _date,
    runtime: _runtime,
    model: oldModel,
    archiverVersion: _version,
    modelArchiver: old,
    ...unknown
  } = input.base ?? {
    runtime: input.runtime,
    model: undefined,
  };
  return {
    createdOn: input.createdOn,
    runtime: input.runtime,
    model: buildModel(input, oldModel),
    archiverVersion: input.archiverVersion,
    ...unknown,
    modelArchiver: buildAdditions(input, old),
  };
}

function buildModel(input: ManifestInput, old: ManifestModel | undefined): ManifestModel {
  const given = {
    ...old,
    modelName: input.modelName,
    handler: baseName(input.handler),
    ...named("serializedFile", input.serializedFile),
    ...named("modelFile", input.modelFile),
    ...(input.modelVersion ? { modelVersion: input.modelVersion } : {}),
    ...named("requirementsFile", input.requirementsFile),
    ...named("configFile", input.configFile),
  };
  const known = Object.keys(modelFields);
  const rank = (key: string): number => (known.includes(key) ? known.indexOf(key) : known.length);
  const ordered = Object.entries(given).toSorted(([a], [b]) => rank(a) - rank(b));
  return { ...Object.fromEntries(ordered), modelName: given.modelName, handler: given.handler };
}

function buildAdditions(input: ManifestInput, old: Additions | undefined): Additions {
  const { integrity: _stale, ...kept } = old ?? {};
  return {
    ...kept,
    schemaVersion: additionsVersion,
    tool: "model-archiver",
    version: input.archiverVersion,
    ...(input.integrity ? { integrity: input.integrity } : {}),
    ...input.additions,
  };
}

function named(
  key: "serializedFile" | "modelFile" | "requirementsFile" | "configFile",
  path: string | undefined,
): object {
  return path ? { [key]: baseName(path) } : {};
}

/** Python's `os.path.basename` on POSIX: what follows the last `/`. */
function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
