import type { Cgroup } from "./machine.ts";
import type { ReadText } from "./read-machine.ts";

const none: Cgroup = { version: null, cpuQuota: null, memoryLimit: null, throttled: null };

/**
 * The limits of this process's control group. Version 2 has one tree (`0::/path`), version 1 one tree a controller
 * (`4:memory:/path`). Inside of a container the group's own files lie at the root of the mount, so both are tried.
 */
export function readCgroup(read: ReadText): Cgroup {
  const groups = (read("proc/self/cgroup") ?? "").split("\n").map((line) => line.split(":"));
  const unified = groups.find(([id]) => id === "0")?.[2] ?? "/";
  const v2 = firstFolder(read, ["sys/fs/cgroup"], unified, ["cpu.max", "memory.max", "cgroup.controllers"]);
  if (v2 !== null) return readVersion2(read, v2);
  const path = (controller: string) => groups.find(([, names]) => names?.split(",").includes(controller))?.[2] ?? "/";
  const cpu = firstFolder(read, ["sys/fs/cgroup/cpu", "sys/fs/cgroup/cpu,cpuacct"], path("cpu"), ["cpu.cfs_quota_us"]);
  const memory = firstFolder(read, ["sys/fs/cgroup/memory"], path("memory"), ["memory.limit_in_bytes"]);
  return cpu === null && memory === null ? none : readVersion1(read, cpu, memory);
}

function firstFolder(read: ReadText, mounts: readonly string[], path: string, files: readonly string[]): string | null {
  for (const mount of mounts) {
    for (const folder of [`${mount}${path === "/" ? "" : path}`, mount]) {
      if (files.some((file) => read(`${folder}/${file}`) !== null)) return folder;
    }
  }
  return null;
}

/** `cpu.max` is `quota period` in microseconds, or `max period` (kernel: cgroup-v2.rst). */
function readVersion2(read: ReadText, folder: string): Cgroup {
  const [quota, period] = (read(`${folder}/cpu.max`) ?? "max 100000").trim().split(" ");
  const limit = (read(`${folder}/memory.max`) ?? "max").trim();
  return {
    version: 2,
    cpuQuota: quota === "max" ? null : Number(quota) / Number(period),
    memoryLimit: limit === "max" ? null : Number(limit),
    throttled: quota === "max" ? null : readThrottling(read(`${folder}/cpu.stat`)),
  };
}

/** Without a limit `memory.limit_in_bytes` is the largest page-aligned 63-bit number. */
const unlimitedFrom = 2 ** 62;

function readVersion1(read: ReadText, cpu: string | null, memory: string | null): Cgroup {
  const quota = Number(cpu && (read(`${cpu}/cpu.cfs_quota_us`) ?? -1));
  const period = Number(cpu && (read(`${cpu}/cpu.cfs_period_us`) ?? 100_000));
  const limit = Number(memory === null ? Infinity : (read(`${memory}/memory.limit_in_bytes`) ?? Infinity));
  return {
    version: 1,
    cpuQuota: quota > 0 ? quota / period : null,
    memoryLimit: limit < unlimitedFrom ? limit : null,
    throttled: quota > 0 ? readThrottling(read(`${cpu}/cpu.stat`)) : null,
  };
}

function readThrottling(stat: string | null): Cgroup["throttled"] {
  if (stat === null) return null;
  const field = (name: string) => Number(new RegExp(`^${name} (\\d+)`, "m").exec(stat)?.[1] ?? 0);
  return { periods: field("nr_periods"), throttledPeriods: field("nr_throttled") };
}
