import { lstat, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Archive } from "../archive/archive.ts";
import { temporaryFolder, temporaryName } from "../archive/atomic-output.ts";
import { nodeDisk } from "../archive/disk.ts";
import { archiveSubject } from "../checks/archive-subject.ts";
import type { RunModelOptions } from "../checks/model/run-model.ts";
import { ArchiverError } from "../errors.ts";
import { modelNamePattern } from "../manifest/fields.ts";
import type { EnginePool } from "../runtime/engine-pool.ts";
import { modelErrors, type StaticError } from "../verify/static-errors.ts";
import { enginePool } from "../verify/verify.ts";
import { exportDirectory, modelDescription } from "./directory.ts";
import { exportKserve, inferenceServiceFile } from "./kserve.ts";
import { type ExportedOnnx, exportOnnx } from "./onnx-model.ts";
import { exportTriton } from "./triton.ts";

export const exportTargets = ["triton", "kserve", "onnx", "directory"] as const;
export type ExportTarget = (typeof exportTargets)[number];

export interface ExportOptions extends Partial<RunModelOptions> {
  readonly to: ExportTarget;
  /** Gets a folder named after the model. */
  readonly output: string;
  /** Replace what an earlier export wrote. */
  readonly force?: boolean;
  /** For `kserve`: where the model repository will lie. */
  readonly storageUri?: string;
  /** For loading and running one model, ms; 120,000 unless told. */
  readonly timeoutMs?: number;
  /** Where an engine of the user's project is looked for; the working directory unless told. */
  readonly project?: string;
  readonly signal?: AbortSignal;
}

/** What writing takes of the options, with what they leave out. */
export interface ExportRun extends RunModelOptions, Pick<ExportOptions, "storageUri" | "signal"> {
  readonly pool: EnginePool;
}

/** What was written, or why nothing was. */
export interface Exported {
  readonly to: ExportTarget;
  readonly name: string;
  /** Absolute; null when the archive was refused. */
  readonly folder: string | null;
  readonly files: readonly { readonly path: string; readonly size: number }[];
  /** The ONNX model against the archive's; null where none was written. */
  readonly check: ExportedOnnx["check"] | null;
  /** What of the archive does not go along. */
  readonly left: readonly string[];
  /** Errors of the static checks. */
  readonly refused: readonly StaticError[];
}

interface Writer {
  /** A file by which an earlier export is known. */
  readonly mark: string;
  write(archive: Archive, name: string, folder: string, run: ExportRun): Promise<ExportedOnnx | null>;
}

const writers: Readonly<Record<ExportTarget, Writer>> = {
  triton: { mark: "config.pbtxt", write: exportTriton },
  kserve: { mark: inferenceServiceFile, write: exportKserve },
  onnx: { mark: "model.onnx", write: (archive, _, folder, run) => exportOnnx(archive, folder, run) },
  directory: {
    mark: modelDescription,
    async write(archive, name, folder) {
      await exportDirectory(archive, name, folder);
      return null;
    },
  },
};

/**
 * Writes the archive for another server. Nothing is written while a static check holds an error against it that is not
 * about TorchServe; the folder gets its name when it is complete and its model has run. Throws ArchiverError.
 */
export async function exportArchive(archive: Archive, options: ExportOptions): Promise<Exported> {
  const { to, output, signal } = options;
  const name = await nameOf(archive);
  const refused = await modelErrors(archive, signal);
  const row = { to, name, left: await leftOf(archive, to), refused };
  if (refused.length > 0) return { ...row, folder: null, files: [], check: null };
  const target = resolve(output, name);
  const writer = writers[to];
  const replaces = await mayReplace(target, writer.mark, options.force ?? false);
  const folder = await temporaryFolder(nodeDisk, target);
  const pool = enginePool(options);
  try {
    const onnx = await writer.write(archive, name, folder, { inputs: [], fill: null, seed: 0, ...options, pool });
    signal?.throwIfAborted();
    const files = await filesIn(folder);
    const old = replaces ? temporaryName(target) : null;
    if (old !== null) await nodeDisk.rename(target, old);
    await nodeDisk.rename(folder, target);
    if (old !== null) await nodeDisk.remove(old);
    await nodeDisk.syncFolder(dirname(target));
    return { ...row, folder: target, files, check: onnx?.check ?? null };
  } finally {
    pool.close();
    await nodeDisk.remove(folder);
  }
}

async function nameOf(archive: Archive): Promise<string> {
  const named = (await archiveSubject(archive).manifest())?.manifest?.model.modelName;
  const name = named ?? basename(archive.location).replace(/\.[^.]*$/u, "");
  if (modelNamePattern.test(name)) return name;
  throw new ArchiverError("bad-model-name", `${JSON.stringify(name)} cannot be a model's name`);
}

/** Servers of plain models run no handlers. */
async function leftOf(archive: Archive, to: ExportTarget): Promise<string[]> {
  if (to === "directory") return [];
  const model = (await archiveSubject(archive).manifest())?.manifest?.model;
  if (model === undefined) return [];
  return [
    `what ${model.handler} does before and after the model`,
    ...(model.requirementsFile ? [model.requirementsFile] : []),
  ];
}

/** Whether there is something to be replaced. Throws ArchiverError `already-exists` for what is no earlier export. */
async function mayReplace(target: string, mark: string, force: boolean): Promise<boolean> {
  if ((await lstat(target).catch(() => null)) === null) return false;
  if (!force) throw new ArchiverError("already-exists", `${target} exists already.`);
  if ((await stat(join(target, mark)).catch(() => null)) !== null) return true;
  const remedy = "Remove it first, or choose another folder with -o.";
  throw new ArchiverError("already-exists", `${target} has no ${mark}: --force replaces earlier exports only.`, {
    remedy,
  });
}

async function filesIn(folder: string): Promise<Exported["files"]> {
  const found: { path: string; size: number }[] = [];
  for (const path of (await readdir(folder, { recursive: true })).toSorted()) {
    const facts = await stat(join(folder, path));
    if (facts.isFile()) found.push({ path: path.replaceAll("\\", "/"), size: facts.size });
  }
  return found;
}
