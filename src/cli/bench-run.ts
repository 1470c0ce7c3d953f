import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Archive } from "../archive/archive.ts";
import { writeFailure } from "../archive/write-failure.ts";
import { openArchive } from "../archive/open.ts";
import { bench, type BenchOptions, type BenchResult } from "../bench/bench.ts";
import { appendResult, type BenchDocument, benchSchemaVersion, readResults } from "../bench/results-file.ts";
import { parseSlo } from "../bench/slo.ts";
import { ArchiverError } from "../errors.ts";
import { renderBench, renderTable } from "../report/bench-report.ts";
import { chalkFor } from "./colour.ts";
import type { Io } from "./io.ts";
import { type MeasuringFlags, refuseUnwritable, rigOptions } from "./measuring-flags.ts";
import { countOf, millisecondsOf, numberOf } from "./numbers.ts";

/** The flags of `bench`, as commander gives them. */
export interface BenchFlags extends MeasuringFlags {
  readonly slo?: string;
  readonly duration: string;
  readonly threads: string;
  readonly throughput: boolean;
  readonly baseline?: string;
  readonly maxRegression: string;
  readonly append?: string;
  readonly table?: readonly string[];
  readonly json?: boolean;
  readonly html?: string;
  readonly quiet?: boolean;
}

const defaultWidth = 100;
const clearLine = "\r\u001b[K";

/** Carries out `bench`: measures, prints, keeps; sets the exit code. */
export async function runBench(path: string | undefined, flags: BenchFlags, io: Io): Promise<void> {
  if (flags.table !== undefined) {
    await printTable(flags.table, flags, io);
    return;
  }
  if (path === undefined) throw new ArchiverError("usage", "bench needs an archive, or --table with results.");
  for (const file of [flags.append, flags.html]) await refuseUnwritable(file, io.cwd);
  const result = await measure(path, flags, io);
  if (flags.append !== undefined) await appendResult(flags.append, io.cwd, result);
  if (flags.html !== undefined) await writePage(flags.html, result, io);
  if (flags.json) printJson([result], io);
  else if (!flags.quiet)
    io.stdout.write(renderBench(result, chalkFor(io, io.stdout), io.stdout.columns ?? defaultWidth));
  io.exitCode = result.verdict === null || result.verdict === "ready" ? 0 : 1;
}

async function printTable(paths: readonly string[], { json }: BenchFlags, io: Io): Promise<void> {
  const results = (await Promise.all(paths.map((path) => readResults(path, io.cwd)))).flat();
  if (json) printJson(results, io);
  else io.stdout.write(renderTable(results));
}

function printJson(results: readonly BenchResult[], io: Io): void {
  const document: BenchDocument = { schemaVersion: benchSchemaVersion, results };
  io.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

async function writePage(path: string, result: BenchResult, io: Io): Promise<void> {
  const { benchPage } = await import("../report/bench-page.ts");
  await writeFile(resolve(io.cwd, path), benchPage(result)).catch((error: unknown) => {
    throw writeFailure(error, path);
  });
}

async function measure(path: string, flags: BenchFlags, io: Io): Promise<BenchResult> {
  const open = (location: string): Promise<Archive> =>
    openArchive(/^[a-z]+:\/\//i.test(location) ? location : resolve(io.cwd, location), { signal: io.signal });
  const options = await optionsOf(flags, io);
  const archive = await open(path);
  try {
    const other = flags.baseline === undefined ? null : await open(flags.baseline);
    try {
      const maxRegression = shareOf(flags.maxRegression);
      const baseline = other === null ? null : { archive: other, maxRegression };
      const result = await bench(archive, { ...options, baseline });
      const comparison = result.comparison && { ...result.comparison, baseline: flags.baseline ?? "" };
      return { ...result, comparison, path };
    } finally {
      if (options.onStep) io.stderr.write(clearLine);
      await other?.close();
    }
  } finally {
    await archive.close();
  }
}

/** More would only start threads; no machine has so many cores. */
const mostThreads = 1024;

async function optionsOf(flags: BenchFlags, io: Io): Promise<Omit<BenchOptions, "baseline">> {
  const silent = flags.json || flags.quiet || !io.stderr.isTTY;
  return {
    ...(await rigOptions(flags, io)),
    slo: flags.slo === undefined ? [] : parseSlo(flags.slo),
    durationMs: millisecondsOf("--duration", flags.duration),
    threads: countOf("--threads", flags.threads, 0, mostThreads),
    throughput: flags.throughput,
    ...(silent ? {} : { onStep: (what: string) => io.stderr.write(`${clearLine}measuring ${what}`) }),
  };
}

/** `10%` or `0.1`. */
function shareOf(text: string): number {
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(text)?.[1];
  return percent === undefined ? numberOf("--max-regression", text) : Number(percent) / 100;
}
