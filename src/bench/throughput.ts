import { usableCores } from "../machine/machine.ts";
import { readMachine } from "../machine/read-machine.ts";
import type { BenchShape } from "./bench-schema.ts";
import { ownCpuMs } from "./measure.ts";
import type { Load, Point, Rig } from "./rig.ts";
import { latencyOf, round } from "./statistics.ts";
import { trustOf } from "./trust.ts";

type Row = BenchShape["throughput"][number];

const batches = [1, 2, 4, 8] as const;
const pointMs = 1000;

/** 1, 2, 4, … up to `most`, and `most` itself. */
export function doublings(most: number): number[] {
  const steps: number[] = [];
  for (let step = 1; step < most; step *= 2) steps.push(step);
  return [...steps, most];
}

/** Starts what a point asks for, warms it up, and measures it. Null where the model does not take the batch. */
export async function atPoint(
  rig: Rig,
  point: Point,
  milliseconds: number,
): Promise<(Load & { readonly engine: string }) | null> {
  const running = await rig.start(point);
  if (running === null) return null;
  try {
    await running.measure({ milliseconds: milliseconds / 10, maxRuns: 20 });
    return { ...(await running.measure({ milliseconds, maxRuns: 1_000_000 })), engine: running.engine };
  } finally {
    await running.close();
  }
}

/** Rows a second, and why they are noisy; none: they can be trusted. */
export interface Throughput {
  readonly rows: Row[];
  readonly noise: readonly string[];
}

/** Measures workers, which share the cores, and batches, which grow while it pays. */
export async function throughputOf(rig: Rig, onStep?: (what: string) => void): Promise<Throughput> {
  const rows: Row[] = [];
  const [before, own] = [readMachine(), ownCpuMs()];
  const cores = usableCores(before);
  let cpuMs = 0;
  for (const workers of doublings(cores)) {
    let best = 0;
    for (const batch of batches) {
      onStep?.(`throughput: ${workers} workers, batch ${batch}`);
      const point = { workers, threads: Math.max(1, Math.floor(cores / workers)), batch };
      const measured = await atPoint(rig, point, pointMs);
      if (measured === null) break;
      cpuMs += measured.totalCpuMs;
      const { p50, p99 } = latencyOf(measured.times);
      rows.push({ ...point, rowsPerSecond: round(measured.rowsPerSecond), p50, p99 });
      if (measured.rowsPerSecond < best) break;
      best = measured.rowsPerSecond;
    }
  }
  const { noise } = trustOf(before, readMachine(), cpuMs + ownCpuMs() - own, []);
  return { rows, noise };
}
