import { resolve } from "node:path";
import type { PlannedEntry } from "../archive/entry-source.ts";
import { bomPath } from "../bom/cyclonedx.ts";
import { ArchiverError } from "../errors.ts";
import { compareUtf8 } from "../manifest/compare.ts";
import { formatCreatedOn } from "../manifest/created-on.ts";
import { type Runtime, modelNamePattern } from "../manifest/fields.ts";
import { buildManifest, type ManifestInput } from "../manifest/build.ts";
import { recordedTensorsPath } from "../tensors/recorded-tensors.ts";
import { toolVersion } from "../version.ts";
import { keepBomPathFree, withoutCollisions } from "./collisions.ts";
import { checkConfigFile } from "./config-file.ts";
import { creationTime } from "./creation-time.ts";
import { isDescription } from "./description-paths.ts";
import { externalData } from "./external-data.ts";
import { extraFiles } from "./extra-files.ts";
import { handlerFile } from "./handler.ts";
import { type LeftOut, includes } from "./left-out.ts";
import { nameWarnings } from "./name-warnings.ts";
import { outputPath } from "./output-path.ts";
import { isOwnHandler, ownHandlerFiles, ownHandlerTrouble } from "./own-handlers.ts";
import type { ArchiveFormat, Recipe } from "./recipe.ts";
import type { OldArchive } from "./repack.ts";
import { Problems, type Source, namedFile } from "./source.ts";

/** What will be written: data, nothing done yet. */
export interface Plan {
  readonly modelName: string;
  readonly format: ArchiveFormat;
  /** Absolute path of the output: a file, or a folder for `no-archive`. */
  readonly output: string;
  /** Sorted by the UTF-8 bytes of their paths; the manifest comes after them. */
  readonly entries: readonly PlannedSource[];
  readonly manifest: ManifestInput;
  /** Whether a bill of materials is made and packed. */
  readonly bom: boolean;
  /** What folders hold and the archive will not. */
  readonly leftOut: readonly LeftOut[];
  readonly warnings: readonly string[];
}

interface PlannedSource extends PlannedEntry {
  /** Where it comes from, as a person would name it. */
  readonly from: string;
}

export interface PlanOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
}

/**
 * Reads folders and the headers of ONNX models, and decides everything. Throws ArchiverError: all missing inputs at
 * once, name collisions, links that leave their folder, a name that TorchServe could not serve.
 */
export async function planArchive(recipe: Recipe, old: OldArchive | null, options: PlanOptions): Promise<Plan> {
  const values = complete(recipe, old);
  const warnings: string[] = [];
  const leftOut: LeftOut[] = [];
  const problems = new Problems();
  const given = gather(recipe, values.handler, values.runtime, problems, warnings, leftOut, options.cwd);
  given.push(...(await externalData(given, problems)));
  throwProblems(problems);
  if (recipe.configFile) await checkConfigFile(resolve(options.cwd, recipe.configFile), recipe.configFile);
  const named = new Set(given.map((source) => source.path));
  const kept = (old?.sources ?? []).filter((source) => !named.has(source.path) && !isDescription(source));
  const bom = recipe.bom ?? old?.sources.some(({ path }) => path === bomPath) ?? false;
  if (bom) keepBomPathFree(named);
  const packed = await withoutCollisions([...given, ...kept]);
  const samples = await recordedSamples(recipe, old, packed, options.cwd);
  const manifest = { ...values, ...manifestRest(recipe, old, given, options), additions: samples.additions };
  const plain = [...packed, ...samples.sources];
  const sources = [...plain, ...(await described(recipe, old, plain, manifest))];
  const format = recipe.archiveFormat ?? "default";
  const paths = sources.map((source) => source.path);
  const own = isOwnHandler(values.handler, values.runtime, options.cwd);
  return {
    modelName: values.modelName,
    format,
    output: outputPath(values.modelName, recipe, options.cwd),
    entries: sources
      .toSorted((a, b) => compareUtf8(a.path, b.path))
      .map(({ path, from, mode, bytes }) => ({ path, from, mode, source: bytes })),
    manifest,
    bom,
    leftOut,
    warnings: [...warnings, ...nameWarnings(paths), ...(own ? ownHandlerTrouble(values.handler, new Set(paths)) : [])],
  };
}

/** What `--tensor-digests` adds; an archive that has such a document and is packed again gets a new one. */
async function described(
  recipe: Recipe,
  old: OldArchive | null,
  sources: readonly Source[],
  manifest: ManifestInput,
): Promise<readonly Source[]> {
  const had = old?.sources.some(({ path }) => path === recordedTensorsPath) ?? false;
  if (!(recipe.tensorDigests ?? had)) return [];
  const { tensorDigests } = await import("./tensor-digests.ts");
  return [await tensorDigests(sources, buildManifest(manifest))];
}

/** What `--sample` adds; the samples of an archive that is packed again stay. */
async function recordedSamples(
  recipe: Recipe,
  old: OldArchive | null,
  sources: readonly Source[],
  cwd: string,
): Promise<{ sources: Source[]; additions: Readonly<Record<string, unknown>> }> {
  const { sample: given = [], expect = null } = recipe;
  if (given.length === 0 && expect === null) return { sources: [], additions: {} };
  if (given.length === 0) throw new ArchiverError("usage", "--expect needs --sample: the file that it is about.");
  const model = recipe.serializedFile ?? recipe.from;
  if (model === undefined)
    throw new ArchiverError("usage", "--sample needs --serialized-file: the model that runs it.");
  const { recordSamples } = await import("./record-samples.ts");
  const samples = given.map((sample) => (typeof sample === "string" ? { file: sample, expect } : sample));
  const recorded = await recordSamples({ samples, model: resolve(cwd, model), sources, cwd });
  const kept: unknown = old?.manifest.modelArchiver?.["samples"];
  return {
    sources: recorded.sources,
    additions: { samples: [...(Array.isArray(kept) ? kept : []), ...recorded.entries] },
  };
}

interface Required {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly handler: string;
  readonly runtime: Runtime;
}

function complete(recipe: Recipe, old: OldArchive | null): Required {
  const model = old?.manifest.model;
  const modelName = recipe.modelName ?? model?.modelName;
  const modelVersion = recipe.version ?? (model ? (model.modelVersion ?? "") : undefined);
  const handler = recipe.handler ?? model?.handler;
  const missing = Object.entries({ "--model-name": modelName, "--handler": handler, "--version": modelVersion })
    .filter(([, value]) => value === undefined)
    .map(([flag]) => flag);
  if (modelName === undefined || modelVersion === undefined || handler === undefined) {
    throw new ArchiverError("usage", `the following arguments are required: ${missing.join(", ")}`);
  }
  if (!modelNamePattern.test(modelName)) {
    throw new ArchiverError("bad-model-name", `${JSON.stringify(modelName)} cannot be a model's name`);
  }
  const { runtime: known } = old?.manifest ?? {};
  const runtime = recipe.runtime ?? (known === "python3" || known === "LSP" ? known : "python");
  return { modelName, modelVersion, handler, runtime };
}

/** In torch-model-archiver's order of copying. */
function gather(
  recipe: Recipe,
  handler: string,
  runtime: Runtime,
  problems: Problems,
  warnings: string[],
  leftOut: LeftOut[],
  cwd: string,
): Source[] {
  const file = (flag: string, path: string | null | undefined): Source[] => {
    const source = path ? namedFile(flag, path, cwd, problems) : null;
    return source ? [source] : [];
  };
  return [
    ...file("--model-file", recipe.modelFile),
    ...file("--serialized-file", recipe.serializedFile),
    ...(recipe.handler !== undefined && isOwnHandler(handler, runtime, cwd)
      ? ownHandlerFiles(handler)
      : file("--handler", recipe.handler === undefined ? null : handlerFile(handler, runtime, cwd))),
    ...extraFiles(recipe.extraFiles ?? [], {
      cwd,
      keepDirectories: recipe.keepDirectories ?? false,
      included: includes(recipe.include ?? []),
      problems,
      warnings,
      leftOut,
    }),
    ...file("--requirements-file", recipe.requirementsFile),
    ...file("--config-file", recipe.configFile),
  ];
}

function throwProblems(problems: Problems): void {
  const { missing, folders, linksOutside, names } = problems;
  if (missing.length + folders.length > 0) {
    const lines = [...missing.map((each) => `  ${each}`), ...folders.map((each) => `  ${each} is not a regular file`)];
    const count = missing.length + folders.length;
    throw new ArchiverError(
      "missing-input",
      `${count === 1 ? "an input is" : `${count} inputs are`} missing:\n${lines.join("\n")}`,
    );
  }
  if (linksOutside.length > 0) {
    throw new ArchiverError("link-outside", `symbolic links leave their folder:\n  ${linksOutside.join("\n  ")}`);
  }
  if (names.length > 0) {
    throw new ArchiverError("bad-entry-name", `no name for an entry: ${names.join(", ")}`);
  }
}

function manifestRest(
  recipe: Recipe,
  old: OldArchive | null,
  sources: readonly Source[],
  { env, now }: PlanOptions,
): Omit<ManifestInput, keyof Required> {
  const epoch = env["SOURCE_DATE_EPOCH"];
  // An archive that is only packed again keeps its date.
  const keeps = recipe.createdOn === undefined && !epoch && sources.length === 0 ? old?.manifest.createdOn : undefined;
  return {
    createdOn: keeps ?? formatCreatedOn(creationTime(recipe.createdOn, epoch, sources, now)),
    serializedFile: recipe.serializedFile,
    modelFile: recipe.modelFile,
    requirementsFile: recipe.requirementsFile,
    configFile: recipe.configFile,
    archiverVersion: toolVersion(),
    ...(old ? { base: old.manifest } : {}),
  };
}
