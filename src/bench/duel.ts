import { readMachine } from "../machine/read-machine.ts";
import { compareRounds } from "./compare.ts";
import { ownCpuMs } from "./measure.ts";
import type { Point, Rig, Running } from "./rig.ts";
import { latencyWithin, type Limit } from "./slo.ts";
import { latencyOf, median, round } from "./statistics.ts";
import { type Trust, trustOf } from "./trust.ts";
import type { TuneShape } from "./tune-schema.ts";

export type Confirmation = NonNullable<TuneShape["confirmation"]>;

/** What one side of a duel gave: rows a second in each round, milliseconds of every run. */
export interface Rounds {
  readonly point: Point;
  readonly rates: number[];
  readonly times: number[];
}

interface Side extends Rounds {
  readonly running: Running;
}

export interface DuelOptions {
  /** For each side in each round, ms. */
  readonly roundMs: number;
  readonly slo: readonly Limit[];
}

const rounds = 8;

/**
 * Runs the default and another point in turn, so that the machine's noise meets both. Null where the other point does not
 * start. `rigs`: one for each side, or the same for both.
 */
export async function duel(
  [standardRig, otherRig]: readonly [Rig, Rig],
  [standard, other]: readonly [Point, Point],
  options: DuelOptions,
): Promise<{ readonly confirmation: Confirmation; readonly trust: Trust } | null> {
  const ours = await standardRig.start(standard);
  if (ours === null) return null;
  try {
    const theirs = await otherRig.start(other);
    if (theirs === null) return null;
    try {
      return await fought(side(standard, ours), side(other, theirs), options);
    } finally {
      await theirs.close();
    }
  } finally {
    await ours.close();
  }
}

const side = (point: Point, running: Running): Side => ({ point, running, rates: [], times: [] });

async function fought(
  standard: Side,
  best: Side,
  { roundMs, slo }: DuelOptions,
): Promise<{ readonly confirmation: Confirmation; readonly trust: Trust }> {
  for (const { running } of [standard, best]) await running.measure({ milliseconds: roundMs / 2, maxRuns: 100 });
  const before = readMachine();
  let cpuMs = -ownCpuMs();
  for (let i = 0; i < rounds; i += 1) {
    // Who comes first changes from round to round.
    for (const { running, rates, times } of i % 2 === 0 ? [standard, best] : [best, standard]) {
      const load = await running.measure({ milliseconds: roundMs, maxRuns: 1_000_000 });
      rates.push(load.rowsPerSecond);
      times.push(...load.times);
      cpuMs += load.cpuMs;
    }
  }
  const trust = trustOf(before, readMachine(), cpuMs + ownCpuMs(), []);
  const { engine, clients = null } = best.running;
  return { confirmation: { engine, clients, ...judgeDuel(standard, best, slo) }, trust };
}

/** The default stays where the other was slower, or has broken a limit that the default keeps. */
export function judgeDuel(
  standard: Rounds,
  best: Rounds,
  slo: readonly Limit[],
): Omit<Confirmation, "engine" | "clients"> {
  const pairs = best.rates.map((rate, i) => [1 / rate, 1 / (standard.rates[i] ?? rate)] as const);
  const { ratio, interval } = compareRounds(pairs, "the default", 0);
  const [ours, theirs] = [factsOf(standard, slo), factsOf(best, slo)];
  const holds = theirs.within || !ours.within;
  return {
    standard: ours,
    best: theirs,
    gain: round(1 / ratio),
    interval: { low: round(1 / interval.high), high: round(1 / interval.low) },
    kept: ratio <= 1 && holds ? "best" : "standard",
  };
}

function factsOf({ point, rates, times }: Rounds, slo: readonly Limit[]): Confirmation["best"] {
  const { workers, threads, batch } = point;
  const latency = latencyOf(times);
  const { p50, p99 } = latency;
  return {
    workers,
    threads,
    batch,
    rowsPerSecond: round(median(rates)),
    p50,
    p99,
    within: latencyWithin(latency, slo),
  };
}
