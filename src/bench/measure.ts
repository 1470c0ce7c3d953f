import type { Prepared } from "../checks/model/prepare.ts";
import { type EngineOptions, EngineProcess } from "../runtime/session.ts";
import { median, round, uncertainty, percentileInterval } from "./statistics.ts";

/** From nothing to the first answer, ms; the page cache is warm. */
export interface ColdStart {
  readonly coldMs: number;
  readonly loadMs: number;
  readonly firstMs: number;
}

/** Starts an engine, loads and runs once; several times, and gives the medians with the last engine, warm. */
export async function coldStarts(
  prepared: Prepared,
  options: EngineOptions,
  { times, threads }: { readonly times: number; readonly threads: number },
): Promise<ColdStart & { readonly engine: EngineProcess }> {
  const starts: ColdStart[] = [];
  for (;;) {
    const began = performance.now();
    const engine = new EngineProcess(options);
    try {
      const { loadMs } = await engine.load(prepared.model, { optimization: "all", threads });
      const wanted = prepared.outputs === null ? {} : { outputs: prepared.outputs };
      const { runMs } = await engine.run(prepared.feeds, wanted);
      starts.push({ coldMs: performance.now() - began, loadMs, firstMs: runMs });
    } catch (error) {
      engine.close();
      throw error;
    }
    if (starts.length >= times) {
      const middle = (key: keyof ColdStart): number => round(median(starts.map((start) => start[key])));
      return { coldMs: middle("coldMs"), loadMs: middle("loadMs"), firstMs: middle("firstMs"), engine };
    }
    engine.close();
  }
}

export interface Steady {
  readonly times: readonly number[];
  /** Median of each round, ms. */
  readonly medians: readonly number[];
  readonly cpuMs: number;
  readonly peakMemory: number;
  /** Why it ended: P99 is known well enough, or the time was up. */
  readonly ended: "confident" | "duration";
}

/** P99 is known well enough when half of its interval is below this share of it. */
const confident = 0.05;
const roundMs = 500;
const leastRounds = 4;

/** Runs a warm engine in rounds until P99 is known or the time is up. */
export async function steadyRuns(engine: EngineProcess, prepared: Prepared, durationMs: number): Promise<Steady> {
  const { feeds, outputs } = prepared;
  await engine.measure(feeds, { outputs, milliseconds: Math.min(roundMs, durationMs / 4), maxRuns: 200 });
  const times: number[] = [];
  const medians: number[] = [];
  let [cpuMs, peakMemory] = [0, 0];
  const end = performance.now() + durationMs;
  for (;;) {
    const milliseconds = Math.min(roundMs, Math.max(1, durationMs / leastRounds));
    const measured = await engine.measure(feeds, { outputs, milliseconds, maxRuns: 1_000_000 });
    times.push(...measured.times);
    medians.push(median([...measured.times]));
    cpuMs += measured.cpuMs;
    peakMemory = Math.max(peakMemory, measured.peakMemory);
    const known = medians.length >= leastRounds && isKnown(times);
    if (known || performance.now() >= end) {
      return { times, medians, cpuMs, peakMemory, ended: known ? "confident" : "duration" };
    }
  }
}

function isKnown(times: readonly number[]): boolean {
  const p99Interval = percentileInterval(times, 0.99);
  const p99 = [...times].toSorted((a, b) => a - b)[Math.ceil(times.length * 0.99) - 1] ?? 0;
  return uncertainty({ p99, p99Interval }) < confident;
}
