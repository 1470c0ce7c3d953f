import { ArchiverError } from "../errors.ts";
import type { Latency } from "./statistics.ts";

/** What can be asked, with the unit of its value. */
export const metrics = {
  p50: "ms",
  p90: "ms",
  p95: "ms",
  p99: "ms",
  mean: "ms",
  max: "ms",
  first: "ms",
  load: "ms",
  cold: "ms",
  rps: "1/s",
  rss: "B",
} as const;

export type Metric = keyof typeof metrics;

/** A limit: at most so many milliseconds or bytes; of `rps` at least so many a second. */
export interface Limit {
  readonly metric: Metric;
  readonly limit: number;
}

/** The figures that limits are held against; ms, bytes, rows a second. Null: not measured. */
export interface Figures {
  readonly latency: Latency;
  readonly firstMs: number;
  readonly loadMs: number;
  readonly coldMs: number;
  readonly requestsPerSecond: number | null;
  readonly peakMemory: number;
}

/** Why a figure may prove nothing. */
export interface Circumstances {
  /** Reasons why this machine's figures are noisy just now; none: they can be trusted. */
  readonly noise: readonly string[];
  /** The same for when the throughput was measured. */
  readonly throughputNoise: readonly string[];
  /** Why this engine's figures say nothing of what will serve; null: they do. */
  readonly otherEngine: string | null;
}

export interface JudgedLimit extends Limit {
  readonly unit: "ms" | "1/s" | "B";
  readonly measured: number | null;
  readonly answer: "ok" | "over" | "not proven";
  /** Why it is not proven, or what is over; null when ok. */
  readonly reason: string | null;
}

export interface SloResult {
  readonly verdict: "ready" | "not ready" | "not proven";
  readonly limits: readonly JudgedLimit[];
}

const units: Readonly<Record<string, { readonly of: "ms" | "B"; readonly factor: number }>> = {
  us: { of: "ms", factor: 1e-3 },
  ms: { of: "ms", factor: 1 },
  s: { of: "ms", factor: 1000 },
  b: { of: "B", factor: 1 },
  kb: { of: "B", factor: 1e3 },
  mb: { of: "B", factor: 1e6 },
  gb: { of: "B", factor: 1e9 },
  kib: { of: "B", factor: 2 ** 10 },
  mib: { of: "B", factor: 2 ** 20 },
  gib: { of: "B", factor: 2 ** 30 },
};

/** Reads `p99=200ms,load=2s,rps=30,rss=1GB`. Throws ArchiverError `usage`. */
export function parseSlo(text: string): readonly Limit[] {
  const limits = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(parseLimit);
  if (limits.length === 0) throw wrong("it names no limit");
  return limits;
}

function parseLimit(part: string): Limit {
  const [, name = "", number = "", unit = ""] = /^(\w+)=(\d+(?:\.\d+)?)([a-z]*)$/i.exec(part) ?? [];
  if (number === "") throw wrong(`${part} is no limit such as p99=200ms`);
  const metric = name.toLowerCase();
  if (!isMetric(metric)) throw wrong(`${name} is unknown; known are ${Object.keys(metrics).join(", ")}`);
  const value = Number(number);
  const known = units[unit.toLowerCase()];
  const kind = metrics[metric];
  if (kind === "1/s") {
    if (unit !== "") throw wrong(`${part}: requests a second have no unit`);
    return { metric, limit: value };
  }
  if (known?.of !== kind) throw wrong(`${part} needs ${kind === "ms" ? "us, ms or s" : "kB, MB, GB, MiB or GiB"}`);
  return { metric, limit: value * known.factor };
}

const isMetric = (name: string): name is Metric => Object.hasOwn(metrics, name);

function wrong(reason: string): ArchiverError {
  return new ArchiverError("usage", `--slo: ${reason}`, {
    remedy: "Write it such as --slo p99=200ms,load=2s,rps=30,rss=1GB.",
  });
}

/** Holds figures against limits. What is noisy, too few runs, or another engine's never passes. */
export function judgeSlo(limits: readonly Limit[], figures: Figures, circumstances: Circumstances): SloResult {
  const judged = limits.map((limit) => judge(limit, figures, circumstances));
  const has = (answer: JudgedLimit["answer"]): boolean => judged.some((row) => row.answer === answer);
  const verdict = has("over") ? "not ready" : has("not proven") ? "not proven" : "ready";
  return { verdict, limits: judged };
}

function judge(
  { metric, limit }: Limit,
  figures: Figures,
  { noise, throughputNoise, otherEngine }: Circumstances,
): JudgedLimit {
  const measured = figureOf(metric, figures);
  const base = { metric, limit, unit: metrics[metric], measured };
  const unproven = (reason: string): JudgedLimit => ({ ...base, answer: "not proven", reason });
  if (measured === null) return unproven("not measured");
  if (otherEngine !== null) return unproven(otherEngine);
  const { latency } = figures;
  const within = metric === "rps" ? measured >= limit : measured <= limit;
  const [noisy] = metric === "rps" ? throughputNoise : noise;
  if (!within) {
    // Noise only slows down: a limit that the fastest run of all has broken is broken without it, too.
    const certain = noisy === undefined || (isLatency(metric) && latency.min > limit) || metric === "rss";
    if (!certain) return unproven(`noisy: ${noisy}`);
    if (metric === "p99" && latency.p99Interval !== null && latency.p99Interval.low <= limit) {
      return unproven("the limit is within the confidence interval");
    }
    return { ...base, answer: "over", reason: metric === "rps" ? "too few" : "over the limit" };
  }
  if (noisy !== undefined && metric !== "rss") return unproven(`noisy: ${noisy}`);
  if (metric !== "p99") return { ...base, answer: "ok", reason: null };
  if (latency.p99Interval === null) return unproven(`${latency.runs} runs are too few for a P99`);
  if (latency.p99Interval.high > limit) return unproven("the limit is within the confidence interval");
  return { ...base, answer: "ok", reason: null };
}

const isLatency = (metric: Metric): boolean => /^p\d+$|^mean$|^max$/.test(metric);

/** Whether a latency is within the limits that are about latency; the others are not looked at. */
export function latencyWithin(latency: Latency, limits: readonly Limit[]): boolean {
  return limits.every(({ metric, limit }) => {
    if (metric === "p50" || metric === "p90" || metric === "p95" || metric === "p99") return latency[metric] <= limit;
    return metric === "mean" || metric === "max" ? latency[metric] <= limit : true;
  });
}

function figureOf(metric: Metric, figures: Figures): number | null {
  switch (metric) {
    case "first":
      return figures.firstMs;
    case "load":
      return figures.loadMs;
    case "cold":
      return figures.coldMs;
    case "rps":
      return figures.requestsPerSecond;
    case "rss":
      return figures.peakMemory;
    default:
      return figures.latency[metric];
  }
}
