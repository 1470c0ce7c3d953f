import type { Archive } from "../archive/archive.ts";
import type { Prepared } from "../checks/model/prepare.ts";
import { ArchiverError } from "../errors.ts";
import { type Machine, usableCores, usableMemory } from "../machine/machine.ts";
import { readMachine } from "../machine/read-machine.ts";
import { EngineFailure, type EngineOptions } from "../runtime/session.ts";
import type { BenchShape } from "./bench-schema.ts";
import { compareRounds, type Comparison, interleaved, type Side } from "./compare.ts";
import { Fleet, type Point, type Throughput } from "./fleet.ts";
import { coldStarts, steadyRuns } from "./measure.ts";
import { judgeSlo, type Limit } from "./slo.ts";
import { binsOf, latencyOf, round } from "./statistics.ts";
import { trustOf } from "./trust.ts";
import { type Workload, type WorkloadOptions, workloadOf } from "./workload.ts";

export type BenchResult = BenchShape;

export interface BenchOptions extends WorkloadOptions, EngineOptions {
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

const starts = 3;
const binCount = 24;
const pointMs = 1000;
const compareRoundsCount = 12;

/** Measures an archive's model in ONNX Runtime. Throws ArchiverError `not-measurable`, `engine-missing`. */
export async function bench(archive: Archive, options: BenchOptions): Promise<BenchResult> {
  const workload = await workloadOf(archive, options);
  try {
    return await measureAll(workload, options);
  } catch (error) {
    throw error instanceof EngineFailure ? translatedFailure(error, workload) : error;
  } finally {
    await workload.close();
  }
}

export function translatedFailure(error: EngineFailure, { path }: Workload): ArchiverError {
  if (error.problem === "missing")
    return new ArchiverError("engine-missing", "There is no ONNX Runtime to measure with.");
  return new ArchiverError("not-measurable", `${path}: ${error.message}`, { cause: error });
}

async function measureAll(workload: Workload, options: BenchOptions): Promise<BenchResult> {
  const { prepared } = workload;
  const { threads, onStep } = options;
  onStep?.("cold start");
  const { engine, ...cold } = await coldStarts(prepared, options, { times: starts, threads });
  try {
    onStep?.("latency at batch 1");
    const before = readMachine();
    const steady = await steadyRuns(engine, prepared, options.durationMs);
    const after = readMachine();
    const comparison = await compareWith({ engine, prepared }, options);
    const name = await engine.engine;
    // The workers measured next have the machine for themselves.
    engine.close();
    const throughput = options.throughput ? await throughputOf(workload, after, options) : [];
    const latency = latencyOf(steady.times);
    const trust = trustOf(before, after, steady.cpuMs, steady.medians);
    const rates = throughput.map((point) => point.rowsPerSecond);
    const figures = {
      latency,
      ...cold,
      requestsPerSecond: rates.length === 0 ? null : Math.max(...rates),
      peakMemory: steady.peakMemory,
    };
    const otherEngine = options.ownEngine ? null : workload.otherEngine;
    const slo = options.slo.length === 0 ? null : judgeSlo(options.slo, figures, { noise: trust.noise, otherEngine });
    return {
      path: workload.path,
      format: workload.format,
      engine: name,
      otherEngine: workload.otherEngine,
      measuredAt: new Date().toISOString(),
      machine: machineFacts(after),
      threads,
      coldStartMs: cold.coldMs,
      loadMs: cold.loadMs,
      firstMs: cold.firstMs,
      latency,
      bins: binsOf(steady.times, binCount),
      ended: steady.ended,
      throughput,
      peakMemory: steady.peakMemory,
      trust: { ...trust, noise: [...trust.noise] },
      slo: slo === null ? null : { verdict: slo.verdict, limits: [...slo.limits] },
      comparison,
      verdict: worst([slo?.verdict, comparison?.verdict]),
    };
  } finally {
    engine.close();
  }
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

async function compareWith(ours: Side, options: BenchOptions): Promise<Comparison | null> {
  if (options.baseline === null) return null;
  const { archive, maxRegression } = options.baseline;
  options.onStep?.("against the baseline");
  const other = await workloadOf(archive, options);
  try {
    const { engine } = await coldStarts(other.prepared, options, { times: 1, threads: options.threads });
    try {
      const theirs = { engine, prepared: other.prepared };
      await interleaved(ours, theirs, 1);
      return compareRounds(await interleaved(ours, theirs, compareRoundsCount), other.path, maxRegression);
    } finally {
      engine.close();
    }
  } finally {
    await other.close();
  }
}

const batches = [1, 2, 4, 8] as const;

/** 1, 2, 4, … up to `most`, and `most` itself. */
export function doublings(most: number): number[] {
  const steps: number[] = [];
  for (let step = 1; step < most; step *= 2) steps.push(step);
  return [...steps, most];
}

/** Measures a point and lets go of what was prepared for it. */
async function atPoint(fleet: Fleet, prepared: Prepared, point: Point): Promise<Throughput | null> {
  try {
    return await fleet.measure(prepared, point, pointMs);
  } finally {
    await prepared.close();
  }
}

async function throughputOf(
  workload: Workload,
  machine: Machine,
  options: BenchOptions,
): Promise<BenchResult["throughput"]> {
  const cores = usableCores(machine);
  const fleet = new Fleet(options);
  const rows: BenchResult["throughput"] = [];
  try {
    for (const workers of doublings(cores)) {
      let best = 0;
      for (const batch of batches) {
        options.onStep?.(`throughput: ${workers} workers, batch ${batch}`);
        const prepared = await workload.atBatch(batch);
        if (prepared === null) break;
        const point = { workers, threads: Math.max(1, Math.floor(cores / workers)), batch };
        const measured = await atPoint(fleet, prepared, point);
        if (measured === null) break;
        const { p50, p99 } = latencyOf(measured.times);
        rows.push({ ...point, rowsPerSecond: round(measured.rowsPerSecond), p50, p99 });
        if (measured.rowsPerSecond < best) break;
        best = measured.rowsPerSecond;
      }
    }
    return rows;
  } finally {
    fleet.close();
  }
}
