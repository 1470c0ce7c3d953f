import { diskReadsOf } from "../machine/processes.ts";
import type { Measured } from "../runtime/session-protocol.ts";
import type { ColdStart } from "./measure.ts";
import type { Load, Point, Running } from "./rig.ts";

/** One process with the model in it. */
export interface Worker {
  readonly engine: string;
  readonly started: ColdStart;
  readonly pid: number | undefined;
  measure(limits: { readonly milliseconds: number; readonly maxRuns: number }): Promise<Measured>;
  close(): void;
}

/** Workers that answer at the same time, as those of a server. */
export async function workersAt(point: Point, start: () => Promise<Worker>): Promise<Running> {
  const starting = Array.from({ length: point.workers }, start);
  const settled = await Promise.allSettled(starting);
  const workers = settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const close = async (): Promise<void> => {
    for (const worker of workers) worker.close();
  };
  const failed = settled.find((each) => each.status === "rejected");
  const [first] = workers;
  if (failed !== undefined || first === undefined) {
    await close();
    throw failed?.reason;
  }
  const pids = workers.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  return {
    engine: first.engine,
    started: first.started,
    measure: async (limits) => loadOf(await Promise.all(workers.map((worker) => worker.measure(limits))), point.batch),
    processes: () => pids,
    diskReads: diskReadsOf(pids),
    close,
  };
}

function loadOf(measured: readonly Measured[], batch: number): Load {
  const sum = (value: (one: Measured) => number): number => measured.reduce((total, one) => total + value(one), 0);
  return {
    rowsPerSecond: sum(({ times, elapsedMs }) => (times.length * batch * 1000) / elapsedMs),
    times: measured.flatMap(({ times }) => [...times]),
    cpuMs: sum(({ cpuMs }) => cpuMs),
    totalCpuMs: sum(({ totalCpuMs }) => totalCpuMs),
    peakMemory: sum(({ peakMemory }) => peakMemory),
  };
}
