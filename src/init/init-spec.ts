import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { writeWhole } from "../archive/write-whole.ts";
import { labelsPath } from "../checks/labels/label-file.ts";
import { checks } from "../checks/registry.ts";
import { runChecks } from "../checks/run-checks.ts";
import { ArchiverError } from "../errors.ts";
import { specFile } from "../spec/find-spec.ts";
import { parseSpec } from "../spec/read-spec.ts";
import { recipeOf } from "../spec/spec-recipe.ts";
import { type FolderContents, readFolder, signatureOf } from "./folder-contents.ts";
import type { Guess, Guesses } from "./guess.ts";
import { guessFiles } from "./guess-files.ts";
import { guessBuiltIn } from "./guess-handler.ts";
import { guessIdentity } from "./guess-identity.ts";
import { chooseModel, type ModelChoice } from "./guess-model.ts";
import { type PythonRoles, pythonRoles } from "./own-handler.ts";
import { plannedSubject } from "./planned-archive.ts";
import { specText } from "./spec-text.ts";

export interface InitOptions {
  /** Replace a spec file that is there. */
  readonly force?: boolean;
  /** Guess only. */
  readonly dryRun?: boolean;
  /** Where a relative folder starts; process.cwd() when left out. */
  readonly cwd?: string;
  readonly signal?: AbortSignal;
}

export interface Initialised extends Guesses {
  /** Of the spec file, as the folder was given. */
  readonly path: string;
  readonly written: boolean;
  /** What the spec file says. */
  readonly text: string;
}

/**
 * Writes the spec of a folder: what can be told from the files, each with its reason. Nothing is executed. Throws
 * ArchiverError `no-model`, `already-exists`, `not-found`; then nothing was written.
 */
export async function initSpec(given: string, options: InitOptions = {}): Promise<Initialised> {
  const path = join(given, specFile);
  const folder = resolve(options.cwd ?? process.cwd(), given);
  const target = join(folder, specFile);
  if (!options.dryRun && !options.force && (await stat(target).catch(() => null))) {
    throw new ArchiverError("already-exists", `${path} exists already`);
  }
  if ((await stat(folder).catch(() => null))?.isFile()) {
    throw new ArchiverError("usage", `${given} is a file, not the folder that holds it`);
  }
  const { signal } = options;
  const contents = await readFolder(folder, signal);
  const roles = await pythonRoles(contents, signal);
  const { guesses, notes } = await guessAll(contents, roles, chooseModel(contents, roles));
  const text = specText(guesses, samplesOf(contents), folder);
  const doubts = await doubtsOf(text, folder);
  signal?.throwIfAborted();
  if (!options.dryRun) await writeWhole(target, text);
  return { path, written: !options.dryRun, guesses, notes: [...notes, ...doubts], text };
}

async function guessAll(contents: FolderContents, roles: PythonRoles, choice: ModelChoice): Promise<Guesses> {
  const { model, handler } = choice;
  const [modelFile = null] = roles.modelFiles;
  const names = contents.files.map((path) => basename(path));
  const builtIn =
    handler === null
      ? guessBuiltIn({
          model,
          signature: await signatureOf(contents.folder, model),
          hasLabels: names.includes(labelsPath),
          hasVocabulary: contents.files.includes("vocab.txt"),
          modelFile,
        })
      : ownHandler(choice, modelFile);
  const recipe = {
    serializedFile: model.path,
    handler: handler?.path ?? "base_handler",
    modelFile: valueOf(builtIn.guesses, "model.model-file"),
    extraFiles: contents.files.filter((path) => /^[^/,=]+\.py$/.test(path)),
  };
  const packed = await plannedSubject(recipe, contents.folder);
  const files = await guessFiles(contents, handler ?? valueOf(builtIn.guesses, "handler") ?? null, packed);
  return {
    guesses: [
      { key: "model.serialized-file", value: model.path, reason: choice.reason },
      ...(await guessIdentity(contents, model)),
      ...builtIn.guesses,
      ...files.guesses,
    ],
    notes: [
      ...choice.notes,
      ...roles.rejected.map(({ path, message }) => `${path} is no handler: it ${message}`),
      ...builtIn.notes,
      ...files.notes,
    ],
  };
}

/** The folder's own handler; weights that it may load into a class get their model file. */
function ownHandler({ model, handler }: ModelChoice, modelFile: string | null): Guesses {
  const weights = model.format === "torch-zip" || model.format === "torch-legacy";
  const guesses: Guess[] = handler === null ? [] : [{ key: "handler", value: handler.path, reason: handler.called }];
  if (weights && modelFile !== null) {
    guesses.unshift({ key: "model.model-file", value: modelFile, reason: "its only class is a PyTorch module" });
  }
  return { guesses, notes: [] };
}

const valueOf = (guesses: readonly Guess[], key: Guess["key"]): string | undefined =>
  guesses.find((guess) => guess.key === key)?.value;

/** Pictures that may be examples. */
function samplesOf({ files }: FolderContents): readonly string[] {
  return files.filter((path) => /\.(jpe?g|png)$/i.test(path)).slice(0, 3);
}

/** Families of checks that look at what TorchServe makes of the files. */
const families = /^(handler|labels|serve|requirements)\//;

/** What `verify` would find wrong with an archive of this spec. */
async function doubtsOf(text: string, folder: string): Promise<readonly string[]> {
  const spec = parseSpec(text, specFile);
  if (spec.handler === undefined || spec.model?.convert !== undefined) return [];
  const subject = await plannedSubject(recipeOf(spec), folder);
  const asked = checks.filter(({ id, severity, runsModel }) => families.test(id) && severity === "error" && !runsModel);
  const outcomes = await runChecks(subject, asked, { static: true, stops: () => false });
  return outcomes
    .filter(({ status }) => status === "failed")
    .flatMap(({ check, findings }) => findings.slice(0, 1).map(({ message }) => `${message} (${check.id})`));
}
