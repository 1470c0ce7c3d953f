import { availableParallelism, totalmem, freemem } from "node:os";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readCgroup } from "./cgroup.ts";
import type { CpuTime, Machine, ResourceLimits } from "./machine.ts";

/** A file below the root as text; null when it cannot be read. */
export type ReadText = (path: string) => string | null;

/**
 * Reads the machine through one root, so that a recorded tree of `/proc` and `/sys` stands for a machine.
 * Where the kernel's files are missing (macOS, Windows) Node's own figures stand in.
 */
export function readMachine(root = "/"): Machine {
  const read: ReadText = (path) => {
    try {
      return readFileSync(join(root, path), "utf8");
    } catch {
      return null;
    }
  };
  const allowed = allowedProcessors(read);
  const processors = readProcessors(read).filter((cpu) => allowed === null || allowed.has(cpu.id));
  const first = processors[0];
  return {
    processor: first?.model ?? null,
    logicalCores: processors.length || availableParallelism(),
    physicalCores: new Set(processors.map((cpu) => cpu.core)).size || availableParallelism(),
    numaNodes: countNodes(root),
    simd: vectorExtensions(first?.flags ?? []),
    memory: readMemory(read),
    cgroup: readCgroup(read),
    sharedMemory: readSharedMemory(read),
    limits: readLimits(read),
    cpuTime: readCpuTime(read),
    megahertz: average(processors.map((cpu) => cpu.megahertz)),
    heatEvents: readHeatEvents(read, processors),
    load: Number(read("proc/loadavg")?.split(" ")[0] ?? 0),
  };
}

interface Processor {
  readonly id: number;
  /** `package:core`. */
  readonly core: string;
  readonly model: string | null;
  readonly flags: readonly string[];
  readonly megahertz: number;
}

function readProcessors(read: ReadText): Processor[] {
  const blocks = (read("proc/cpuinfo") ?? "").split(/\n\s*\n/).filter((block) => /^processor\s*:/m.test(block));
  return blocks.map((block) => {
    const fields = new Map(
      block.split("\n").map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const;
      }),
    );
    const id = Number(fields.get("processor"));
    return {
      id,
      core: coreOf(read, id, fields),
      model: fields.get("model name") ?? null,
      flags: (fields.get("flags") ?? fields.get("Features") ?? "").split(" "),
      megahertz: Number(fields.get("cpu MHz") ?? 0),
    };
  });
}

/** From /proc/cpuinfo on x86; ARM tells it in /sys only. */
function coreOf(read: ReadText, id: number, fields: ReadonlyMap<string, string>): string {
  const core = fields.get("core id");
  if (core !== undefined) return `${fields.get("physical id") ?? 0}:${core}`;
  const topology = `sys/devices/system/cpu/cpu${id}/topology`;
  const siblings = read(`${topology}/thread_siblings_list`)?.trim();
  return siblings ?? String(id);
}

/** `Cpus_allowed_list` of /proc/self/status: what cpusets and taskset leave. */
function allowedProcessors(read: ReadText): ReadonlySet<number> | null {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(read("proc/self/status") ?? "")?.[1];
  return list === undefined ? null : new Set(parseList(list));
}

/** `0-3,8` → 0 1 2 3 8. */
function parseList(list: string): number[] {
  return list.split(",").flatMap((range) => {
    const [from = 0, to = from] = range.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

const vectorFlags = [
  "sse4_2",
  "avx",
  "avx2",
  "fma",
  "f16c",
  "avx512f",
  "avx512_vnni",
  "avx_vnni",
  "avx512_bf16",
  "amx_tile",
  "asimd",
  "asimddp",
  "sve",
];

function vectorExtensions(flags: readonly string[]): string[] {
  return vectorFlags.filter((flag) => flags.includes(flag));
}

function countNodes(root: string): number {
  try {
    return Math.max(
      1,
      readdirSync(join(root, "sys/devices/system/node")).filter((name) => /^node\d+$/.test(name)).length,
    );
  } catch {
    return 1;
  }
}

function readMemory(read: ReadText): Machine["memory"] {
  const text = read("proc/meminfo");
  const bytes = (key: string) => Number(new RegExp(`^${key}:\\s*(\\d+) kB`, "m").exec(text ?? "")?.[1] ?? 0) * 1024;
  return text === null
    ? { total: totalmem(), available: freemem() }
    : { total: bytes("MemTotal"), available: bytes("MemAvailable") };
}

/** tmpfs without `size=` takes half of the memory (tmpfs(5)). */
function readSharedMemory(read: ReadText): number | null {
  const mounts = (read("proc/self/mounts") ?? read("proc/mounts") ?? "").split("\n").map((line) => line.split(" "));
  const options = mounts.findLast((fields) => fields[1] === "/dev/shm")?.[3];
  if (options === undefined) return null;
  const size = /(?:^|,)size=(\d+)([kmg%]?)/i.exec(options);
  if (size === null) return Math.floor(readMemory(read).total / 2);
  const factor = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, "%": readMemory(read).total / 100 };
  return Math.floor(Number(size[1]) * factor[(size[2] ?? "").toLowerCase() as keyof typeof factor]);
}

function readLimits(read: ReadText): ResourceLimits {
  const text = read("proc/self/limits") ?? "";
  const soft = (name: string) => {
    const value = new RegExp(`^${name}\\s+(\\S+)`, "m").exec(text)?.[1];
    return value === undefined || value === "unlimited" ? null : Number(value);
  };
  return { openFiles: soft("Max open files"), lockedMemory: soft("Max locked memory"), stack: soft("Max stack size") };
}

/** First line of /proc/stat (proc_stat(5)): user nice system idle iowait irq softirq steal guest guest_nice. */
function readCpuTime(read: ReadText): CpuTime {
  const fields =
    /^cpu\s+(.*)$/m
      .exec(read("proc/stat") ?? "")?.[1]
      ?.trim()
      .split(/\s+/)
      .map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = fields;
  return { total: user + nice + system + idle + iowait + irq + softirq + steal, idle: idle + iowait, steal };
}

/** Each core counts for itself; hyperthreads of one tell the same. */
function readHeatEvents(read: ReadText, processors: readonly Processor[]): number | null {
  const counts = new Map<string, number>();
  for (const { id, core } of processors) {
    const text = read(`sys/devices/system/cpu/cpu${id}/thermal_throttle/core_throttle_count`);
    if (text !== null) counts.set(core, Number(text));
  }
  return counts.size === 0 ? null : [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function average(values: readonly number[]): number | null {
  const known = values.filter((value) => value > 0);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
