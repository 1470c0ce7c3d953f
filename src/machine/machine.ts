/** What a machine or container offers for serving, as the kernel's files tell it. */
export interface Machine {
  /** Model name of the processor; null where the kernel does not say. */
  readonly processor: string | null;
  /** Logical processors that this process may run on. */
  readonly logicalCores: number;
  /** Distinct cores among them; the same as `logicalCores` without SMT. */
  readonly physicalCores: number;
  /** NUMA nodes, at least 1. */
  readonly numaNodes: number;
  /** Vector extensions that inference engines use, by the kernel's names. */
  readonly simd: readonly string[];
  /** Bytes. */
  readonly memory: { readonly total: number; readonly available: number };
  readonly cgroup: Cgroup;
  /** Bytes of /dev/shm; null where it is not mounted. */
  readonly sharedMemory: number | null;
  readonly limits: ResourceLimits;
  /** Jiffies since boot, for shares between two readings. */
  readonly cpuTime: CpuTime;
  /** Megahertz now, averaged over the processors; null where not told. */
  readonly megahertz: number | null;
  /** How often the processors were slowed down for heat since boot; null where not told. */
  readonly heatEvents: number | null;
  /** Load average of the last minute. */
  readonly load: number;
}

export interface Cgroup {
  readonly version: 1 | 2 | null;
  /** Processors that the quota amounts to; null: no quota. */
  readonly cpuQuota: number | null;
  /** Bytes; null: no limit. */
  readonly memoryLimit: number | null;
  /** Periods in which the group was held back, of all periods; null without a quota. */
  readonly throttled: { readonly periods: number; readonly throttledPeriods: number } | null;
}

/** Soft limits; null: unlimited. */
export interface ResourceLimits {
  readonly openFiles: number | null;
  /** Bytes. */
  readonly lockedMemory: number | null;
  /** Bytes. */
  readonly stack: number | null;
}

export interface CpuTime {
  readonly total: number;
  readonly idle: number;
  /** Time in which the hypervisor ran somebody else. */
  readonly steal: number;
}

/** Cores that may be used at once: the quota where it is smaller than the cores, at least 1. */
export function usableCores(machine: Machine): number {
  const { cpuQuota } = machine.cgroup;
  return Math.max(1, Math.floor(Math.min(machine.physicalCores, cpuQuota ?? Infinity)));
}

/** Bytes that serving may use: the limit of the group where it is smaller than the memory. */
export function usableMemory(machine: Machine): number {
  return Math.min(machine.memory.total, machine.cgroup.memoryLimit ?? Infinity);
}

/** Share of the time between two readings that the hypervisor gave to others, 0..1. */
export function stolenShare(before: CpuTime, after: CpuTime): number {
  const total = after.total - before.total;
  return total > 0 ? (after.steal - before.steal) / total : 0;
}
