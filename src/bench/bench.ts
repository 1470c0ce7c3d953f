import { join, resolve } from "node:path";
import type { Archive } from "../archive/archive.ts";
import { ArchiverError } from "../errors.ts";
import { type Machine, usableMemory } from "../machine/machine.ts";
import { readMachine } from "../machine/read-machine.ts";
import { EngineFailure } from "../runtime/session.ts";
import type { BenchShape } from "./bench-schema.ts";
import { compareRounds, type Comparison, interleaved } from "./compare.ts";
import { rigOf, type RigOptions } from "./engines.ts";
import { type ArchiveFiles, startPacked, starts, steadyRuns } from "./measure.ts";
import type { Rig, Running } from "./rig.ts";
import { judgeSlo, type Limit } from "./slo.ts";
import { binsOf, latencyOf } from "./statistics.ts";
import { throughputOf } from "./throughput.ts";
import { trustOf } from "./trust.ts";

export type BenchResult = BenchShape;

export interface BenchOptions extends RigOptions {
  /** For the latency at batch 1, at most. */
  readonly durationMs: number;
  /** Threads of a worker for the latency; 0: the engine's own choice. */
  readonly threads: number;
  /** Limits to hold the figures against; none: no verdict. */
  readonly slo: readonly Limit[];
  /** ONNX Runtime is what will serve, whatever the archive says. */
  readonly ownEngine: boolean;
  /** False leaves the throughput out. */
  readonly throughput: boolean;
  readonly baseline: { readonly archive: Archive; readonly maxRegression: number } | null;
  readonly onStep?: (what: string) => void;
}

const binCount = 24;
const compareRoundsCount = 12;

/** Measures an archive's model. Throws ArchiverError `not-measurable`, `engine-missing`, `bad-sample`. */
export async function bench(archive: Archive, options: BenchOptions): Promise<BenchResult> {
  const rig = await rigOf(archive, options);
  try {
    return await measureAll(rig, archive, options);
  } catch (error) {
    throw error instanceof EngineFailure ? translatedFailure(error, rig) : error;
  } finally {
    await rig.close();
  }
}

export function translatedFailure(error: EngineFailure, { path }: Pick<Rig, "path">): ArchiverError {
  if (error.problem === "missing") {
    return new ArchiverError("engine-missing", "There is no ONNX Runtime to measure with.");
  }
  return new ArchiverError("not-measurable", `${path}: ${error.message}`, { cause: error });
}

async function measureAll(rig: Rig, archive: Archive, options: BenchOptions): Promise<BenchResult> {
  const { threads, onStep } = options;
  onStep?.("cold start");
  const { warm, fromDisk, running } = await starts(rig, threads, filesOf(archive));
  try {
    onStep?.("latency at batch 1");
    const before = readMachine();
    const steady = await steadyRuns(running, options.durationMs);
    const after = readMachine();
    const comparison = await compareWith(running, options);
    // The workers measured next have the machine for themselves.
    await running.close();
    const { rows: throughput, noise: throughputNoise } = options.throughput
      ? await throughputOf(rig, onStep)
      : { rows: [], noise: [] };
    const latency = latencyOf(steady.times);
    const trust = trustOf(before, after, steady.cpuMs, steady.medians);
    const rates = throughput.map((point) => point.rowsPerSecond);
    const { peakMemory } = steady;
    const requestsPerSecond = rates.length === 0 ? null : Math.max(...rates);
    const otherEngine = options.ownEngine ? null : rig.otherEngine;
    const circumstances = { noise: trust.noise, throughputNoise, otherEngine };
    const slo =
      options.slo.length === 0
        ? null
        : judgeSlo(options.slo, { latency, ...warm, requestsPerSecond, peakMemory }, circumstances);
    return {
      path: rig.path,
      format: rig.format,
      engine: running.engine,
      input: rig.input,
      otherEngine: rig.otherEngine,
      measuredAt: new Date().toISOString(),
      machine: machineFacts(after),
      threads,
      coldStartMs: warm.coldMs,
      fromDisk,
      loadMs: warm.loadMs,
      firstMs: warm.firstMs,
      latency,
      bins: binsOf(steady.times, binCount),
      ended: steady.ended,
      throughput,
      peakMemory,
      trust: { ...trust, noise: [...trust.noise] },
      slo: slo === null ? null : { verdict: slo.verdict, limits: [...slo.limits] },
      comparison,
      verdict: worst([slo?.verdict, comparison?.verdict]),
    };
  } finally {
    await running.close();
  }
}

/** What a start reads of the archive: the file, or the files of a folder. */
function filesOf({ location, container, entries, size }: Archive): ArchiveFiles {
  if (/^\w+:\/\//.test(location)) return { files: [], size };
  if (container !== "directory") return { files: [resolve(location)], size };
  const files = entries.filter(({ kind }) => kind === "file").map(({ path }) => join(resolve(location), path));
  return { files, size };
}

function worst(verdicts: readonly (BenchResult["verdict"] | undefined)[]): BenchResult["verdict"] {
  const order = ["not ready", "not proven", "ready"] as const;
  return order.find((verdict) => verdicts.includes(verdict)) ?? null;
}

export function machineFacts(machine: Machine): BenchResult["machine"] {
  const { processor, logicalCores, physicalCores, numaNodes, simd, cgroup } = machine;
  const facts = { processor, logicalCores, physicalCores, numaNodes, simd: [...simd] };
  return { ...facts, memory: usableMemory(machine), cpuQuota: cgroup.cpuQuota };
}

async function compareWith(ours: Running, options: BenchOptions): Promise<Comparison | null> {
  if (options.baseline === null) return null;
  const { archive, maxRegression } = options.baseline;
  options.onStep?.("against the baseline");
  const rig = await rigOf(archive, options);
  try {
    const theirs = await startPacked(rig, options.threads);
    try {
      await interleaved(ours, theirs, 1);
      return compareRounds(await interleaved(ours, theirs, compareRoundsCount), rig.path, maxRegression);
    } finally {
      await theirs.close();
    }
  } finally {
    await rig.close();
  }
}
