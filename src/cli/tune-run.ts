import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Archive } from "../archive/archive.ts";
import { translated } from "../archive/file-source.ts";
import { writeFailure } from "../archive/write-failure.ts";
import { openArchive } from "../archive/open.ts";
import { privateFolder } from "../archive/private-folder.ts";
import { parseSlo } from "../bench/slo.ts";
import { tune, type TuneOptions, type TuneResult } from "../bench/tune.ts";
import { configMapping, tunedConfig } from "../bench/tuned-config.ts";
import { tuneVerdict } from "../bench/tune-verdict.ts";
import { archiveSubject } from "../checks/archive-subject.ts";
import { ArchiverError } from "../errors.ts";
import { archive as pack } from "../pack/pack.ts";
import { renderPoint, renderTune } from "../report/tune-report.ts";
import { chalkFor } from "./colour.ts";
import type { Io } from "./io.ts";
import { type MeasuringFlags, refuseUnwritable, rigOptions } from "./measuring-flags.ts";
import { countOf, millisecondsOf } from "./numbers.ts";

/** The flags of `tune`, as commander gives them. */
export interface TuneFlags extends MeasuringFlags {
  readonly slo?: string;
  readonly write?: string;
  readonly into?: string;
  readonly point: string;
  readonly maxBatch: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const defaultWidth = 100;

/** Carries out `tune`: searches, prints every point, writes the settings; sets the exit code. */
export async function runTune(path: string, flags: TuneFlags, io: Io): Promise<void> {
  const options = await optionsOf(flags, io);
  await refuseUnwritable(flags.write, io.cwd);
  const before = flags.write === undefined ? null : await configText(flags.write, io);
  if (flags.into !== undefined) refuseTarget(flags.into, io);
  const location = resolve(io.cwd, path);
  const archive = await openArchive(location, { signal: io.signal });
  try {
    const result = { ...(await tune(archive, options)), path };
    const verdict = tuneVerdict(result, options);
    if (flags.write !== undefined) await writeConfig(flags.write, before, result, io);
    if (flags.into !== undefined) await packInto(flags.into, location, archive, result, io);
    if (flags.json) io.stdout.write(`${JSON.stringify({ schemaVersion: 1, result, verdict }, null, 2)}\n`);
    else if (!flags.quiet) {
      io.stdout.write(renderTune(result, verdict, chalkFor(io, io.stdout), io.stdout.columns ?? defaultWidth));
    }
    io.exitCode = verdict === "ready" ? 0 : 1;
  } finally {
    await archive.close();
  }
}

async function optionsOf(flags: TuneFlags, io: Io): Promise<TuneOptions> {
  return {
    ...(await rigOptions(flags, io)),
    slo: flags.slo === undefined ? [] : parseSlo(flags.slo),
    pointMs: millisecondsOf("--point", flags.point),
    maxBatch: countOf("--max-batch", flags.maxBatch, 1),
    ...(flags.json || flags.quiet ? {} : { onPoint: (point) => io.stdout.write(`${renderPoint(point)}\n`) }),
  };
}

/** What the file says so far; null where there is none. Throws ArchiverError `bad-config` for what cannot be added to. */
async function configText(path: string, io: Io): Promise<string | null> {
  const text = await readFile(resolve(io.cwd, path), "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw translated(error, path);
  });
  configMapping(text);
  return text;
}

function refuseTarget(path: string, io: Io): void {
  if (!path.endsWith(".mar")) throw new ArchiverError("usage", `--into ${path}: the new archive's name ends in .mar`);
  if (existsSync(resolve(io.cwd, path))) {
    throw new ArchiverError("already-exists", `${path} exists; --into makes a new archive.`, {
      remedy: "Give a name that is free.",
    });
  }
}

async function writeConfig(path: string, before: string | null, result: TuneResult, io: Io): Promise<void> {
  const file = resolve(io.cwd, path);
  await writeFile(file, tunedConfig(before, result)).catch((error: unknown) => {
    throw writeFailure(error, path);
  });
}

/** Packs the archive again with the settings in its own model-config.yaml. */
async function packInto(path: string, from: string, archive: Archive, result: TuneResult, io: Io): Promise<void> {
  const target = resolve(io.cwd, path);
  const subject = archiveSubject(archive);
  const name = (await subject.manifest())?.manifest?.model.configFile ?? "model-config.yaml";
  const folder = await privateFolder(dirname(target)).catch(async () => {
    await mkdir(dirname(target), { recursive: true });
    return privateFolder(dirname(target));
  });
  try {
    const configFile = join(folder.path, basename(name));
    await writeFile(configFile, tunedConfig(await subject.text(name), result));
    const packed = await pack(
      { from, configFile, exportPath: join(folder.path, "out") },
      { env: io.env, signal: io.signal },
    );
    await rename(packed.path, target);
  } finally {
    await folder.remove();
  }
}
