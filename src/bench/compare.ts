import type { Running } from "./rig.ts";
import { median, round } from "./statistics.ts";

/** How the archive does against another, run in turn so that the machine's noise meets both. */
export interface Comparison {
  readonly baseline: string;
  readonly rounds: number;
  /** Median latency against the baseline's: 1.1 is 10 % slower; geometric mean over the rounds. */
  readonly ratio: number;
  /** 95 % confidence interval of it. */
  readonly interval: { readonly low: number; readonly high: number };
  readonly maxRegression: number;
  readonly verdict: "ready" | "not ready" | "not proven";
}

const roundMs = 250;

/** Measures both in turn, `rounds` times, and gives the medians of each round. Both must be warm. */
export async function interleaved(
  ours: Running,
  theirs: Running,
  rounds: number,
): Promise<(readonly [number, number])[]> {
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0; i < rounds; i += 1) {
    // Who comes first changes from round to round.
    const order = i % 2 === 0 ? [ours, theirs] : [theirs, ours];
    const medians = new Map<Running, number>();
    for (const side of order) {
      const { times } = await side.measure({ milliseconds: roundMs, maxRuns: 1_000_000 });
      medians.set(side, median([...times]));
    }
    pairs.push([medians.get(ours) ?? 0, medians.get(theirs) ?? 0]);
  }
  return pairs;
}

/** Student's t for a two-sided 95 % interval, by degrees of freedom; the last for all above. */
const student = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13] as const;

/** Judges medians of ours and theirs: slower for certain, no slower for certain, or neither. */
export function compareRounds(
  pairs: readonly (readonly [number, number])[],
  baseline: string,
  maxRegression: number,
): Comparison {
  const logs = pairs.map(([ours, theirs]) => Math.log(ours / theirs));
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const square = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / Math.max(1, logs.length - 1);
  const t = student[Math.min(logs.length - 2, student.length - 1)] ?? Infinity;
  const spread = t * Math.sqrt(square / logs.length);
  const interval = { low: round(Math.exp(mean - spread)), high: round(Math.exp(mean + spread)) };
  const most = 1 + maxRegression;
  const verdict = interval.high <= most ? "ready" : interval.low > most ? "not ready" : "not proven";
  return { baseline, rounds: pairs.length, ratio: round(Math.exp(mean)), interval, maxRegression, verdict };
}
