import type { Archive } from "../archive/archive.ts";
import { bench } from "../bench/bench.ts";
import type { Limit } from "../bench/slo.ts";
import type { ResolvedSpec } from "../runtime/dummy-input.ts";
import type { Report } from "./report.ts";

export interface SloOptions {
  readonly limits: readonly Limit[];
  readonly inputs: readonly ResolvedSpec[];
  readonly project: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly tmpDir?: string;
}

const durationMs = 10_000;

/** Measures a model that is ready otherwise, and holds it against the limits. */
export async function sloOf(archive: Archive, options: SloOptions): Promise<NonNullable<Report["slo"]>> {
  const { limits, ...rest } = options;
  const throughput = limits.some(({ metric }) => metric === "rps");
  const settings = { durationMs, threads: 0, ownEngine: false, throughput, baseline: null, slo: limits };
  const { engine, slo, trust } = await bench(archive, { ...rest, ...settings });
  return { engine, verdict: slo?.verdict ?? "not proven", limits: slo?.limits ?? [], noise: trust.noise };
}
