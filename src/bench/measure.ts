import { dropFromCache, mappedFiles } from "../machine/processes.ts";
import type { Rig, Running } from "./rig.ts";
import { median, percentileInterval, round, uncertainty } from "./statistics.ts";

/** From nothing to the first answer, ms. */
export interface ColdStart {
  /** Of a process: from its start. Of a server: from registering. */
  readonly coldMs: number;
  readonly loadMs: number;
  readonly firstMs: number;
}

/** A start whose files came from the disk, or why there was none. */
export type DiskStart = { readonly coldMs: number; readonly readBytes: number } | { readonly reason: string };

export interface Starts {
  /** Medians, page cache warm. */
  readonly warm: ColdStart;
  readonly fromDisk: DiskStart;
  /** The last one, still there. */
  readonly running: Running;
}

/** Warm starts. */
const times = 3;

export function startPacked(rig: Rig, threads: number): Promise<Running> {
  if (rig.startPacked) return rig.startPacked(threads);
  return rig.start({ workers: 1, threads, batch: 1 }).then((running) => {
    if (running === null) throw new Error("an engine takes no batch of one");
    return running;
  });
}

/** Starts several times with a warm page cache, and once without the archive and the libraries in it. */
export async function starts(rig: Rig, threads: number, archive: ArchiveFiles): Promise<Starts> {
  const warm: ColdStart[] = [];
  let fromDisk: DiskStart | null = null;
  for (;;) {
    const running = await startPacked(rig, threads);
    warm.push(running.started);
    if (warm.length >= times && fromDisk !== null) return { warm: medians(warm), fromDisk, running };
    const mapped = mappedFiles(running.processes());
    await running.close();
    fromDisk ??= await startFromDisk(rig, threads, [...archive.files, ...mapped], archive.size);
  }
}

function medians(all: readonly ColdStart[]): ColdStart {
  const middle = (key: keyof ColdStart): number => round(median(all.map((start) => start[key])));
  return { coldMs: middle("coldMs"), loadMs: middle("loadMs"), firstMs: middle("firstMs") };
}

export interface ArchiveFiles {
  readonly files: readonly string[];
  /** Bytes of them. */
  readonly size: number;
}

/** The kernel keeps what others have mapped, and what lies in memory anyway: reads of the disk tell. */
async function startFromDisk(rig: Rig, threads: number, files: readonly string[], size: number): Promise<DiskStart> {
  if (files.length === 0) return { reason: "the archive is not on a disk of this machine" };
  await dropFromCache(files);
  const running = await startPacked(rig, threads);
  const { started, diskReads } = running;
  await running.close();
  if (diskReads < size / 2) return { reason: "the files stayed in the page cache" };
  return { coldMs: round(started.coldMs), readBytes: diskReads };
}

export interface Steady {
  readonly times: readonly number[];
  /** Median of each round, ms. */
  readonly medians: readonly number[];
  /** Processor time of the workers and of us who asked them. */
  readonly cpuMs: number;
  readonly peakMemory: number;
  /** Why it ended: P99 is known well enough, or the time was up. */
  readonly ended: "confident" | "duration";
}

/** P99 is known well enough when half of its interval is below this share of it. */
const confident = 0.05;
const roundMs = 500;
const leastRounds = 4;

/** Runs in rounds, after a warm-up, until P99 is known or the time is up. */
export async function steadyRuns(running: Running, durationMs: number): Promise<Steady> {
  await running.measure({ milliseconds: Math.min(roundMs, durationMs / 4), maxRuns: 200 });
  const times: number[] = [];
  const middles: number[] = [];
  let [cpuMs, peakMemory] = [0, 0];
  const own = ownCpuMs();
  const end = performance.now() + durationMs;
  for (;;) {
    const milliseconds = Math.min(roundMs, Math.max(1, durationMs / leastRounds));
    const measured = await running.measure({ milliseconds, maxRuns: 1_000_000 });
    times.push(...measured.times);
    middles.push(median([...measured.times]));
    cpuMs += measured.cpuMs;
    peakMemory = Math.max(peakMemory, measured.peakMemory);
    const known = middles.length >= leastRounds && isKnown(times);
    if (known || performance.now() >= end) {
      return {
        times,
        medians: middles,
        cpuMs: cpuMs + ownCpuMs() - own,
        peakMemory,
        ended: known ? "confident" : "duration",
      };
    }
  }
}

/** Processor time of this process so far, ms. */
export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function isKnown(times: readonly number[]): boolean {
  const p99Interval = percentileInterval(times, 0.99);
  const p99 = [...times].toSorted((a, b) => a - b)[Math.ceil(times.length * 0.99) - 1] ?? 0;
  return uncertainty({ p99, p99Interval }) < confident;
}
