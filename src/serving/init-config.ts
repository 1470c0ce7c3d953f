import { chmod, mkdir, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { openArchive } from "../archive/open.ts";
import { writeFailure } from "../archive/write-failure.ts";
import { ArchiverError } from "../errors.ts";
import { readMachine } from "../machine/read-machine.ts";
import { configFiles, type ConfigFile } from "./config-files.ts";
import { describeServedModel } from "./served-models.ts";
import { planServing, sliceOf, type ServedModel, type ServingPlan, type Slice } from "./serving-plan.ts";

export interface InitConfigOptions {
  /** Folder to write to. */
  readonly output: string;
  /** Number of cores, as typed. */
  readonly cpus?: string;
  /** Bytes with an optional K, M or G, as typed. */
  readonly memory?: string;
  /** Where the archives lie on the server. */
  readonly modelStore?: string;
  readonly force?: boolean;
}

export interface ConfigInitResult {
  readonly schemaVersion: 1;
  readonly output: string;
  readonly files: readonly string[];
  readonly plan: ServingPlan;
}

/** Writes the configuration for serving these archives. Throws ArchiverError; then nothing was written. */
export async function initConfig(archives: readonly string[], options: InitConfigOptions): Promise<ConfigInitResult> {
  const slice = chooseSlice(options);
  const models = await Promise.all(archives.map(describe));
  refuseClashes(models);
  const plan = planServing(models, slice);
  const files = configFiles(plan, resolve(options.modelStore ?? dirname(archives[0] ?? ".")));
  if (!options.force) await refuseExisting(files, options.output);
  await Promise.all(files.map((file) => write(file, options.output)));
  return { schemaVersion: 1, output: options.output, files: files.map((file) => file.path), plan };
}

async function describe(path: string): Promise<ServedModel> {
  const archive = await openArchive(path);
  try {
    return await describeServedModel(archive, basename(path));
  } finally {
    await archive.close();
  }
}

function refuseClashes(models: readonly ServedModel[]): void {
  const seen = new Map<string, ServedModel>();
  for (const model of models) {
    const other = seen.get(model.modelName);
    if (other) {
      const message = `${other.archive} and ${model.archive} both name their model ${model.modelName}`;
      throw new ArchiverError("usage", message, { remedy: "Pack one of them again with another --model-name." });
    }
    seen.set(model.modelName, model);
  }
}

function chooseSlice(options: InitConfigOptions): Slice {
  const whole = sliceOf(readMachine());
  return {
    cpus: options.cpus === undefined ? whole.cpus : parseCpus(options.cpus),
    memory: options.memory === undefined ? whole.memory : parseMemory(options.memory),
  };
}

function parseCpus(text: string): number {
  const cpus = Number(text);
  if (cpus > 0 && cpus < 10_000) return cpus;
  throw new ArchiverError("usage", `--cpus is ${JSON.stringify(text)}, not a number of cores`, {
    remedy: "Write --cpus 4.",
  });
}

function parseMemory(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text);
  const power = ["", "k", "m", "g", "t"].indexOf((match?.[2] ?? "").toLowerCase());
  const bytes = match === null ? NaN : Number(match[1]) * 1024 ** power;
  if (bytes >= 2 ** 20) return Math.floor(bytes);
  throw new ArchiverError("usage", `--memory is ${JSON.stringify(text)}, not an amount of memory`, {
    remedy: "Write --memory 8G.",
  });
}

async function refuseExisting(files: readonly ConfigFile[], folder: string): Promise<void> {
  const found: string[] = [];
  for (const file of files) {
    if (await stat(join(folder, file.path)).catch(() => null)) found.push(join(folder, file.path));
  }
  if (found.length > 0) throw new ArchiverError("already-exists", `these files exist already: ${found.join(", ")}`);
}

async function write(file: ConfigFile, folder: string): Promise<void> {
  const path = join(folder, file.path);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, file.text);
    if (file.executable) await chmod(path, 0o755);
  } catch (error) {
    throw writeFailure(error, path);
  }
}
