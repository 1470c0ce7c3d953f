import type { Archive } from "../archive/archive.ts";
import { bench } from "../bench/bench.ts";
import type { RigOptions } from "../bench/engines.ts";
import type { Limit } from "../bench/slo.ts";
import type { Report } from "./report.ts";

const durationMs = 10_000;

/** Measures a model that is ready otherwise, and holds it against the limits. */
export async function sloOf(
  archive: Archive,
  limits: readonly Limit[],
  options: RigOptions & { readonly ownEngine: boolean },
): Promise<NonNullable<Report["slo"]>> {
  const throughput = limits.some(({ metric }) => metric === "rps");
  const settings = { durationMs, threads: 0, throughput, baseline: null, slo: limits };
  const { engine, slo, trust } = await bench(archive, { ...options, ...settings });
  return { engine, verdict: slo?.verdict ?? "not proven", limits: slo?.limits ?? [], noise: trust.noise };
}
