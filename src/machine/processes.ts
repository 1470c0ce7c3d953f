import { execFile } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { promisify } from "node:util";

// What the kernel tells of processes, by /proc. Where there is none (macOS, Windows) the answers are 0 or empty.

/** Milliseconds of a jiffy: USER_HZ is 100 on every Linux that Node runs on. */
export const jiffyMs = 10;

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // It ended, or is another user's.
  }
}

/** The fields of /proc/<pid>/stat behind the program's name, which may hold anything: state, parent, group, … */
function statFields(pid: number): readonly string[] {
  const text = read(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** The processes of a group. */
export function groupMembers(group: number): number[] {
  try {
    const pids = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
    return pids.filter((pid) => Number(statFields(pid)[2]) === group);
  } catch {
    return [];
  }
}

/** Processor time of these processes since they started, ms. */
export function cpuTimeOf(pids: readonly number[]): number {
  const jiffies = pids.map((pid) => {
    const fields = statFields(pid);
    return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  });
  return jiffies.reduce((sum, each) => sum + each, 0) * jiffyMs;
}

/** Sum of the largest resident memory of each, bytes. */
export function peakMemoryOf(pids: readonly number[]): number {
  const peaks = pids.map((pid) => Number(/^VmHWM:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024);
  return peaks.reduce((sum, each) => sum + each, 0);
}

/** Bytes that these processes made the disk read. */
export function diskReadsOf(pids: readonly number[]): number {
  const bytes = pids.map((pid) => Number(/^read_bytes: (\d+)/m.exec(read(`/proc/${pid}/io`))?.[1] ?? 0));
  return bytes.reduce((sum, each) => sum + each, 0);
}

/** The files that these processes have mapped: their program, its libraries, and models that are read in place. */
export function mappedFiles(pids: readonly number[]): string[] {
  const lines = pids.flatMap((pid) => read(`/proc/${pid}/maps`).split("\n"));
  const paths = new Set(lines.flatMap((line) => /\s(\/.+)$/.exec(line)?.[1] ?? []));
  return [...paths].filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false);
}

const run = promisify(execFile);

/**
 * Asks the kernel to forget its copies of these files, which needs no rights: pages that somebody has mapped or that are
 * not on the disk yet stay. Node has no posix_fadvise; coreutils' dd has.
 */
export async function dropFromCache(paths: readonly string[]): Promise<void> {
  for (const path of paths) await run("dd", [`if=${path}`, "iflag=nocache", "count=0"]).catch(() => undefined);
}
