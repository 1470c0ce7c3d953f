import type { Archive } from "../archive/archive.ts";
import { ArchiverError } from "../errors.ts";
import { type Machine, usableCores } from "../machine/machine.ts";
import { readMachine } from "../machine/read-machine.ts";
import { EngineFailure } from "../runtime/session.ts";
import { machineFacts, translatedFailure } from "./bench.ts";
import { type Advice, adviceFor, defaultPoint, samePoint, type TunePoint } from "./advice.ts";
import { duel } from "./duel.ts";
import { rigOf, type RigOptions, serverOf } from "./engines.ts";
import { ownCpuMs } from "./measure.ts";
import type { Point, Rig } from "./rig.ts";
import { latencyWithin, type Limit } from "./slo.ts";
import { latencyOf, round } from "./statistics.ts";
import { atPoint, doublings } from "./throughput.ts";
import { trustOf } from "./trust.ts";
import type { TuneShape } from "./tune-schema.ts";

export type TuneResult = TuneShape;

export interface TuneOptions extends RigOptions {
  /** ONNX Runtime is what will serve, whatever the archive says. */
  readonly ownEngine?: boolean;
  /** Latency limits; other metrics do not steer the search. */
  readonly slo: readonly Limit[];
  /** For each point, ms. */
  readonly pointMs: number;
  readonly maxBatch: number;
  readonly onPoint?: (point: TunePoint) => void;
}

/**
 * Searches threads, workers and batch, coarse to fine: first ways to divide the cores, then batches for the best two of
 * them, then the neighbours of the best; and last the default and the best in turn. With the engine `torchserve` the
 * search is made in what the handler runs, and real servers have the last word. Throws ArchiverError.
 */
export async function tune(archive: Archive, options: TuneOptions): Promise<TuneResult> {
  const rig = await searchRig(archive, options);
  try {
    const found = await search(rig, options);
    return await confirmed(archive, rig, found, options);
  } catch (error) {
    throw error instanceof EngineFailure ? translatedFailure(error, rig) : error;
  } finally {
    await rig.close();
  }
}

/** The default stays unless the best holds when both are measured in turn. */
async function confirmed(archive: Archive, rig: Rig, found: TuneResult, options: TuneOptions): Promise<TuneResult> {
  const { best, standard, advice } = found;
  const served = options.engine === "torchserve";
  if (best === null || standard === null || advice === null) return found;
  if (samePoint(best, standard) && !served) return found;
  const fought = await duelOf(archive, rig, best, advice, options);
  if (fought === null || fought.confirmation.kept === "standard") {
    const cores = usableCores(readMachine());
    const kept = { best: standard, advice: adviceFor(standard, cores, options.slo) };
    return { ...found, ...kept, confirmation: fought?.confirmation ?? null, trust: fought?.trust ?? found.trust };
  }
  return { ...found, confirmation: fought.confirmation, trust: fought.trust };
}

async function duelOf(
  archive: Archive,
  rig: Rig,
  { workers, threads, batch }: TunePoint,
  { maxBatchDelay }: Advice,
  options: TuneOptions,
): ReturnType<typeof duel> {
  const points = [defaultPoint, { workers, threads, batch }] as const;
  const settings = { roundMs: options.pointMs / 2, slo: options.slo };
  if (options.engine !== "torchserve") return duel([rig, rig], points, settings);
  const demand = { delayMs: maxBatchDelay, clients: Math.max(2, workers * batch) };
  const [one, other] = [await serverOf(archive, options, demand), await serverOf(archive, options, demand)];
  try {
    return await duel([one, other], points, settings);
  } finally {
    await Promise.all([one.close(), other.close()]);
  }
}

async function searchRig(archive: Archive, options: TuneOptions): Promise<Rig> {
  if (options.engine !== "torchserve") return rigOf(archive, options);
  const rig = await rigOf(archive, { ...options, engine: "onnxruntime" }).catch((error: unknown) => {
    if (error instanceof ArchiverError && error.code === "not-measurable") return null;
    throw error;
  });
  if (rig?.otherEngine === null) return rig;
  await rig?.close();
  return rigOf(archive, { ...options, engine: "torch", checked: rig !== null });
}

class Points {
  readonly all: TunePoint[] = [];
  readonly #rig: Rig;
  readonly #options: Parameters<typeof search>[1];
  cpuMs = 0;
  engine = "";

  constructor(rig: Rig, options: Parameters<typeof search>[1]) {
    [this.#rig, this.#options] = [rig, options];
  }

  /** Measures a point, or gives what it gave before. Null where the model does not take the batch. */
  async at(point: Point, again = false): Promise<TunePoint | null> {
    const known = again ? undefined : this.all.find((each) => samePoint(each, point));
    if (known !== undefined) return known;
    this.#options.signal?.throwIfAborted();
    const measured = await atPoint(this.#rig, point, this.#options.pointMs);
    if (measured === null) return null;
    this.cpuMs += measured.totalCpuMs;
    this.engine = measured.engine;
    const { rowsPerSecond, peakMemory } = measured;
    const latency = latencyOf(measured.times);
    const within = latencyWithin(latency, this.#options.slo);
    const { p50, p99 } = latency;
    const made = { ...point, rowsPerSecond: round(rowsPerSecond), p50, p99, peakMemory, within };
    this.all.push(made);
    this.#options.onPoint?.(made);
    return made;
  }
}

/** Every point that it measures is in the result, and told as soon as it is. */
export async function search(
  rig: Rig,
  options: Pick<TuneOptions, "slo" | "pointMs" | "maxBatch" | "onPoint" | "signal">,
  before: Machine = readMachine(),
): Promise<TuneResult> {
  const own = ownCpuMs();
  const cores = usableCores(before);
  const points = new Points(rig, options);
  const standard = await points.at(defaultPoint);
  for (const workers of doublings(cores)) {
    await points.at({ workers, threads: Math.max(1, Math.floor(cores / workers)), batch: 1 });
    if (workers > 1 && workers < cores) await points.at({ workers, threads: 1, batch: 1 });
  }
  for (const coarse of ranked(points.all).slice(0, 2)) await growBatch(points, coarse, options.maxBatch);
  const [found] = ranked(points.all);
  if (found !== undefined) for (const point of neighbours(found, cores, options.maxBatch)) await points.at(point);
  const best = ranked(points.all)[0] ?? null;
  return {
    path: rig.path,
    format: rig.format,
    engine: points.engine,
    input: rig.input,
    otherEngine: rig.otherEngine,
    measuredAt: new Date().toISOString(),
    machine: machineFacts(readMachine()),
    points: points.all,
    standard,
    best,
    advice: best === null ? null : adviceFor(best, cores, options.slo),
    confirmation: null,
    trust: trustOf(before, readMachine(), points.cpuMs + ownCpuMs() - own, []),
  };
}

/** More throughput among those within the limits; where none is, the fastest. */
export function ranked(points: readonly TunePoint[]): TunePoint[] {
  const within = points.filter((point) => point.within);
  if (within.length === 0) return points.toSorted((a, b) => a.p99 - b.p99);
  return within.toSorted((a, b) => b.rowsPerSecond - a.rowsPerSecond);
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

function neighbours({ workers, threads, batch }: Point, cores: number, maxBatch: number): Point[] {
  const around = [
    { workers: workers + 1, threads, batch },
    { workers: workers - 1, threads, batch },
    { workers, threads: threads + 1, batch },
    { workers, threads, batch: Math.round(batch * 1.5) },
  ];
  return around.filter(
    (point) => point.workers >= 1 && point.workers * Math.max(1, point.threads) <= cores && point.batch <= maxBatch,
  );
}
