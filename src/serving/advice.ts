import { usableCores, usableMemory, type Machine } from "../machine/machine.ts";

export type Level = "ok" | "note" | "warning" | "problem";

/** One line of `doctor`: what there is, and where it is not enough, why that matters and how to mend it. */
export interface Advice {
  readonly id: string;
  readonly title: string;
  readonly value: string;
  readonly level: Level;
  readonly why: string;
  /** Null when there is nothing to mend. */
  readonly remedy: string | null;
}

interface Probe {
  readonly id: string;
  readonly title: string;
  readonly why: string;
  /** The value, and the remedy when it is not enough. */
  look(machine: Machine): { value: string; level?: Level; remedy?: string };
}

const mebi = 2 ** 20;
const gibi = 2 ** 30;
const sharedMemoryWanted = gibi;
const openFilesWanted = 4096;
/** Share of periods in which a throttled group visibly misses its latency. */
const throttledTooOften = 0.01;
const stolenTooMuch = 0.02;

const bytes = (count: number) => {
  if (count >= gibi) return `${(count / gibi).toFixed(1)} GiB`;
  return count >= mebi ? `${Math.round(count / mebi)} MiB` : `${Math.round(count / 1024)} KiB`;
};
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

const cores: Probe = {
  id: "cores",
  title: "Cores",
  why: "One worker runs at its best with as many threads as physical cores; SMT siblings share the arithmetic units.",
  look: (machine) => {
    const smt = machine.logicalCores > machine.physicalCores;
    const value = smt
      ? `${machine.physicalCores} physical, ${machine.logicalCores} logical`
      : `${machine.physicalCores}`;
    const threads = usableCores(machine);
    return smt
      ? { value, level: "note", remedy: `Set OMP_NUM_THREADS=${threads}: physical cores, not logical ones.` }
      : { value };
  },
};

const simd: Probe = {
  id: "simd",
  title: "SIMD",
  why: "Inference engines are two to four times slower without AVX2 (x86) or Advanced SIMD (ARM).",
  look: ({ simd: flags }) => {
    const value = flags.length > 0 ? flags.join(" ") : "none known";
    const enough = flags.includes("avx2") || flags.includes("asimd");
    return enough
      ? { value }
      : { value, level: "warning", remedy: "Choose a machine, or a CPU type of the hypervisor, with AVX2." };
  },
};

const quota: Probe = {
  id: "cpu-quota",
  title: "CPU quota",
  why: "A quota stops all threads for the rest of the period (100 ms) once it is spent: P99 grows by up to a period.",
  look: ({ cgroup, logicalCores }) => {
    if (cgroup.cpuQuota === null) return { value: "none" };
    const { throttled } = cgroup;
    const share = throttled && throttled.periods > 0 ? throttled.throttledPeriods / throttled.periods : 0;
    const value = `${cgroup.cpuQuota} CPUs of ${logicalCores}, throttled in ${percent(share)} of the periods`;
    const threads = Math.max(1, Math.floor(cgroup.cpuQuota));
    const remedy = `Use no more threads than the quota (OMP_NUM_THREADS=${threads}, one worker), or raise --cpus.`;
    return share > throttledTooOften ? { value, level: "warning", remedy } : { value, level: "note", remedy };
  },
};

const memory: Probe = {
  id: "memory",
  title: "Memory",
  why: "Each worker loads the model for itself; beyond the limit the kernel kills a worker and TorchServe starts it again, for ever.",
  look: (machine) => {
    const limited = machine.cgroup.memoryLimit !== null && machine.cgroup.memoryLimit < machine.memory.total;
    const value = `${bytes(usableMemory(machine))}${limited ? " (limit of the container)" : ""}, ${bytes(machine.memory.available)} available`;
    const remedy = "Give the server at least 2 GiB and one copy of the model a worker.";
    return usableMemory(machine) < 2 * gibi ? { value, level: "warning", remedy } : { value };
  },
};

const sharedMemory: Probe = {
  id: "shm",
  title: "/dev/shm",
  why: "PyTorch passes tensors between processes here; when it is full the worker dies of a bus error (SIGBUS).",
  look: ({ sharedMemory: size }) => {
    const remedy =
      "Start the container with --shm-size=1g (compose: shm_size, Kubernetes: an emptyDir of medium Memory).";
    if (size === null) return { value: "not mounted", level: "warning", remedy };
    return size < sharedMemoryWanted ? { value: bytes(size), level: "problem", remedy } : { value: bytes(size) };
  },
};

const openFiles: Probe = {
  id: "open-files",
  title: "Open files (ulimit -n)",
  why: "Each connection and each worker's socket takes one.",
  look: ({ limits }) => {
    if (limits.openFiles === null) return { value: "unlimited" };
    const value = String(limits.openFiles);
    return limits.openFiles < openFilesWanted
      ? { value, level: "warning", remedy: "Start with --ulimit nofile=65536." }
      : { value };
  },
};

const lockedMemory: Probe = {
  id: "locked-memory",
  title: "Locked memory (ulimit -l)",
  why: "Pinned buffers and some allocators lock pages; TorchServe's images ask for no limit.",
  look: ({ limits }) => {
    if (limits.lockedMemory === null) return { value: "unlimited" };
    return {
      value: bytes(limits.lockedMemory),
      level: "note",
      remedy: "Start the container with --ulimit memlock=-1.",
    };
  },
};

const stack: Probe = {
  id: "stack",
  title: "Stack (ulimit -s)",
  why: "Deep native call chains of workers overflow the usual 8 MiB.",
  look: ({ limits }) => {
    if (limits.stack === null) return { value: "unlimited" };
    const value = bytes(limits.stack);
    return limits.stack < 64 * 1024 * 1024
      ? { value, level: "note", remedy: "Start the container with --ulimit stack=67108864." }
      : { value };
  },
};

const steal: Probe = {
  id: "steal",
  title: "Stolen CPU time",
  why: "The hypervisor ran other machines in our time: latency that nothing inside of this machine can mend.",
  look: ({ cpuTime }) => {
    const share = cpuTime.total > 0 ? cpuTime.steal / cpuTime.total : 0;
    const value = `${percent(share)} since boot`;
    const remedy = "Ask for dedicated cores, or another host.";
    return share > stolenTooMuch ? { value, level: "warning", remedy } : { value };
  },
};

const numa: Probe = {
  id: "numa",
  title: "NUMA nodes",
  why: "A worker whose threads and memory lie on different nodes pays for each access across.",
  look: ({ numaNodes }) => {
    const value = String(numaNodes);
    return numaNodes > 1
      ? {
          value,
          level: "note",
          remedy: "Bind each worker to one node (cpu_launcher_enable=true in config.properties).",
        }
      : { value };
  },
};

const probes: readonly Probe[] = [
  cores,
  simd,
  quota,
  memory,
  sharedMemory,
  openFiles,
  lockedMemory,
  stack,
  steal,
  numa,
];

/** What the machine's figures mean for serving, in the order to read them. */
export function adviseOnMachine(machine: Machine): Advice[] {
  return probes.map((probe) => {
    const { value, level = "ok", remedy = null } = probe.look(machine);
    return { id: probe.id, title: probe.title, value, level, why: probe.why, remedy };
  });
}
