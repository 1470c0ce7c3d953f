import { createHistogram } from "node:perf_hooks";

/** Latency in milliseconds. */
export interface Latency {
  readonly runs: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  /** 95 % confidence interval of P99; null with fewer runs than it takes to have one. */
  readonly p99Interval: Interval | null;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

const perMs = 1e6;
/** Normal quantile of a two-sided 95 % interval. */
const z = 1.96;

/** Percentiles from Node's native histogram, which counts nanoseconds. Throws RangeError without a run. */
export function latencyOf(times: readonly number[]): Latency {
  if (times.length === 0) throw new RangeError("no runs");
  const histogram = createHistogram({ figures: 4 });
  for (const time of times) histogram.record(Math.max(1, Math.round(time * perMs)));
  const percentile = (at: number): number => round(histogram.percentile(at) / perMs);
  return {
    runs: times.length,
    min: round(histogram.min / perMs),
    mean: round(histogram.mean / perMs),
    p50: percentile(50),
    p90: percentile(90),
    p95: percentile(95),
    p99: percentile(99),
    max: round(histogram.max / perMs),
    p99Interval: percentileInterval(times, 0.99),
  };
}

/**
 * The distribution-free interval of a percentile: order statistics whose ranks are 1.96 standard deviations of the
 * binomial distribution to either side. Null where the upper rank would be beyond the last run.
 */
export function percentileInterval(times: readonly number[], share: number): Interval | null {
  const { length } = times;
  const spread = z * Math.sqrt(length * share * (1 - share));
  const [low, high] = [Math.floor(length * share - spread), Math.ceil(length * share + spread)];
  if (low < 1 || high > length) return null;
  const sorted = [...times].toSorted((a, b) => a - b);
  return { low: round(sorted[low - 1] ?? 0), high: round(sorted[high - 1] ?? 0) };
}

/** Half of the interval's width against the figure itself; infinite without an interval. */
export function uncertainty({ p99, p99Interval }: Pick<Latency, "p99" | "p99Interval">): number {
  return p99Interval === null ? Infinity : (p99Interval.high - p99Interval.low) / 2 / p99;
}

export interface Bins {
  /** Milliseconds of the first bin's begin and the last one's end. */
  readonly from: number;
  readonly to: number;
  readonly counts: number[];
}

/** Equal bins from the fastest run to P99.5; slower ones count in the last. */
export function binsOf(times: readonly number[], count: number): Bins {
  const sorted = [...times].toSorted((a, b) => a - b);
  const from = sorted[0] ?? 0;
  const to = Math.max(sorted[Math.ceil(sorted.length * 0.995) - 1] ?? from, from + 1e-6);
  const counts = Array.from({ length: count }, () => 0);
  for (const time of sorted) {
    const bin = Math.min(count - 1, Math.floor(((time - from) / (to - from)) * count));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { from: round(from), to: round(to), counts };
}

/** Middle value; the mean of the two in the middle of an even number. 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const high = sorted[half] ?? 0;
  const low = sorted.length % 2 === 0 ? (sorted[half - 1] ?? 0) : high;
  return (low + high) / 2;
}

/** Standard deviation against the mean; 0 of fewer than two. */
export function variation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return mean === 0 ? 0 : Math.sqrt(square) / mean;
}

/** To the microsecond: more digits would be noise. */
export function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
