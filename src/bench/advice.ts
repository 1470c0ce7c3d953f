import type { Limit } from "./slo.ts";
import type { Point } from "./rig.ts";
import type { TuneShape } from "./tune-schema.ts";

export type TunePoint = TuneShape["points"][number];
export type Advice = NonNullable<TuneShape["advice"]>;

/** What TorchServe starts with when nothing is said: one worker, as many threads as cores, no batches. */
export const defaultPoint: Point = { workers: 1, threads: 0, batch: 1 };

export const samePoint = (a: Point, b: Point): boolean =>
  a.workers === b.workers && a.threads === b.threads && a.batch === b.batch;

/** How long a batch may wait for more: a third of what the limit leaves, at most 100 ms, TorchServe's own default. */
export function adviceFor(best: TunePoint, cores: number, slo: readonly Limit[]): Advice {
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
