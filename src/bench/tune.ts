import type { Archive } from "../archive/archive.ts";
import { usableCores } from "../machine/machine.ts";
import { readMachine } from "../machine/read-machine.ts";
import { EngineFailure, type EngineOptions } from "../runtime/session.ts";
import { doublings, machineFacts, translatedFailure } from "./bench.ts";
import { Fleet, type Point } from "./fleet.ts";
import type { Limit } from "./slo.ts";
import { latencyOf, round } from "./statistics.ts";
import { trustOf } from "./trust.ts";
import type { TuneShape } from "./tune-schema.ts";
import { type Workload, type WorkloadOptions, workloadOf } from "./workload.ts";

export type TuneResult = TuneShape;
export type TunePoint = TuneShape["points"][number];

export interface TuneOptions extends WorkloadOptions, EngineOptions {
  /** Latency limits; other metrics do not steer the search. */
  readonly slo: readonly Limit[];
  /** For each point, ms. */
  readonly pointMs: number;
  readonly maxBatch: number;
  readonly onPoint?: (point: TunePoint) => void;
}

/** What TorchServe starts with when nothing is said: one worker, as many threads as cores, no batches. */
export const defaultPoint: Point = { workers: 1, threads: 0, batch: 1 };

/**
 * Searches threads, workers and batch, coarse to fine: first ways to divide the cores, then batches for the best two of
 * them, then the neighbours of the best; and last the default once more beside the winner. Throws ArchiverError.
 */
export async function tune(archive: Archive, options: TuneOptions): Promise<TuneResult> {
  const workload = await workloadOf(archive, options);
  const fleet = new Fleet(options);
  try {
    return await search(workload, fleet, options);
  } catch (error) {
    throw error instanceof EngineFailure ? translatedFailure(error, workload) : error;
  } finally {
    fleet.close();
    await workload.close();
  }
}

class Points {
  readonly all: TunePoint[] = [];
  readonly #workload: Workload;
  readonly #fleet: Fleet;
  readonly #options: TuneOptions;
  cpuMs = 0;

  constructor(workload: Workload, fleet: Fleet, options: TuneOptions) {
    [this.#workload, this.#fleet, this.#options] = [workload, fleet, options];
  }

  /** Measures a point, or gives what it gave before. Null where the model does not take the batch. */
  async at(point: Point, again = false): Promise<TunePoint | null> {
    const known = again ? undefined : this.all.find((each) => samePoint(each, point));
    if (known !== undefined) return known;
    this.#options.signal?.throwIfAborted();
    const prepared = await this.#workload.atBatch(point.batch);
    if (prepared === null) return null;
    try {
      const measured = await this.#fleet.measure(prepared, point, this.#options.pointMs);
      if (measured === null) return null;
      this.cpuMs += measured.cpuMs;
      const { p50, p99 } = latencyOf(measured.times);
      const { rowsPerSecond, peakMemory } = measured;
      const within = meets(measured.times, this.#options.slo);
      const made = { ...point, rowsPerSecond: round(rowsPerSecond), p50, p99, peakMemory, within };
      this.all.push(made);
      this.#options.onPoint?.(made);
      return made;
    } finally {
      await prepared.close();
    }
  }
}

const samePoint = (a: Point, b: Point): boolean =>
  a.workers === b.workers && a.threads === b.threads && a.batch === b.batch;

function meets(times: readonly number[], limits: readonly Limit[]): boolean {
  const latency = latencyOf(times);
  return limits.every(({ metric, limit }) => {
    if (metric === "p50" || metric === "p90" || metric === "p95" || metric === "p99") return latency[metric] <= limit;
    return metric === "mean" || metric === "max" ? latency[metric] <= limit : true;
  });
}

async function search(workload: Workload, fleet: Fleet, options: TuneOptions): Promise<TuneResult> {
  const before = readMachine();
  const own = process.cpuUsage();
  const cores = usableCores(before);
  const points = new Points(workload, fleet, options);
  const standard = await points.at(defaultPoint);
  for (const workers of doublings(cores)) {
    await points.at({ workers, threads: Math.max(1, Math.floor(cores / workers)), batch: 1 });
    if (workers > 1 && workers < cores) await points.at({ workers, threads: 1, batch: 1 });
  }
  for (const coarse of ranked(points.all).slice(0, 2)) await growBatch(points, coarse, options.maxBatch);
  const [found] = ranked(points.all);
  if (found !== undefined) for (const point of neighbours(found, cores)) await points.at(point);
  const [best] = ranked(points.all);
  const again = standard === null ? null : await points.at(defaultPoint, true);
  const winner = best === undefined || samePoint(best, defaultPoint) ? again : await points.at(best, true);
  const kept = chosen(winner, again);
  return {
    path: workload.path,
    format: workload.format,
    engine: await engineName(fleet),
    otherEngine: workload.otherEngine,
    measuredAt: new Date().toISOString(),
    machine: machineFacts(readMachine()),
    points: points.all,
    standard: again,
    best: kept,
    advice: kept === null ? null : adviceFor(kept, cores, options.slo),
    trust: trustOf(before, readMachine(), points.cpuMs + milliseconds(process.cpuUsage(own)), []),
  };
}

const milliseconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000;

/** More throughput among those within the limits; where none is, the fastest. */
export function ranked(points: readonly TunePoint[]): TunePoint[] {
  const within = points.filter((point) => point.within);
  if (within.length === 0) return points.toSorted((a, b) => a.p99 - b.p99);
  return within.toSorted((a, b) => b.rowsPerSecond - a.rowsPerSecond);
}

/** The default stays unless the winner was no slower than it when both were measured last. */
export function chosen(winner: TunePoint | null, standard: TunePoint | null): TunePoint | null {
  if (winner === null || standard === null) return winner ?? standard;
  if (winner.within !== standard.within) return winner.within ? winner : standard;
  return winner.rowsPerSecond >= standard.rowsPerSecond ? winner : standard;
}

/** Doubles the batch until the limits are broken or it no longer pays. */
async function growBatch(points: Points, { workers, threads, rowsPerSecond }: TunePoint, most: number): Promise<void> {
  let best = rowsPerSecond;
  for (let batch = 2; batch <= most; batch *= 2) {
    const point = await points.at({ workers, threads, batch });
    if (point === null || !point.within || point.rowsPerSecond < best) return;
    best = point.rowsPerSecond;
  }
}

function neighbours({ workers, threads, batch }: Point, cores: number): Point[] {
  const around = [
    { workers: workers + 1, threads, batch },
    { workers: workers - 1, threads, batch },
    { workers, threads: threads + 1, batch },
    { workers, threads, batch: Math.round(batch * 1.5) },
  ];
  return around.filter((point) => point.workers >= 1 && point.workers * Math.max(1, point.threads) <= cores);
}

/** How long a batch may wait for more: a third of what the limit leaves, at most 100 ms, TorchServe's own default. */
export function adviceFor(best: TunePoint, cores: number, slo: readonly Limit[]): NonNullable<TuneResult["advice"]> {
  const threads = best.threads === 0 ? cores : best.threads;
  const limit = slo.find(({ metric }) => metric === "p99")?.limit;
  const spare = limit === undefined ? best.p50 : Math.max(0, limit - best.p99) / 3;
  const maxBatchDelay = best.batch === 1 ? 0 : Math.max(1, Math.min(100, Math.floor(spare)));
  return {
    threads,
    minWorkers: best.workers,
    maxWorkers: best.workers,
    batchSize: best.batch,
    maxBatchDelay,
    environment: { OMP_NUM_THREADS: String(threads) },
  };
}

async function engineName(fleet: Fleet): Promise<string> {
  return (await fleet.engine()) ?? "onnxruntime";
}
