import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { stolenShare, usableCores, usableMemory } from "../../../src/machine/machine.ts";
import { readMachine } from "../../../src/machine/read-machine.ts";
import { doctor } from "../../../src/serving/doctor.ts";

const tree = (name: string) => resolve(import.meta.dirname, "../../../fixtures/machines", name);

async function advice(name: string): Promise<Record<string, { value: string; level: string; remedy: string | null }>> {
  const { advice: rows } = await doctor({ root: tree(name) });
  return Object.fromEntries(rows.map((row) => [row.id, row]));
}

test("a container with 64 MB of /dev/shm is a problem, with the flag that mends it", async () => {
  const rows = await advice("small-shm-container");
  expect(rows["shm"]).toMatchObject({ level: "problem", value: "64 MiB" });
  expect(rows["shm"]?.remedy).toContain("--shm-size=1g");
  expect(rows["open-files"]).toMatchObject({ level: "warning", value: "1024" });
  expect(rows["locked-memory"]).toMatchObject({ level: "note", remedy: expect.stringContaining("memlock=-1") });
});

test.each([
  ["throttled-cgroup", 2, 1.5, 1_073_741_824, "25.0 %", 1],
  ["throttled-cgroup-v1", 1, 2, 536_870_912, "4.0 %", 2],
])("%s: quota, memory limit and throttling are read", async (name, version, cpuQuota, memoryLimit, share, cores) => {
  const machine = readMachine(tree(name));
  expect(machine.cgroup).toMatchObject({ version, cpuQuota, memoryLimit });
  expect(usableCores(machine)).toBe(cores);
  expect(usableMemory(machine)).toBe(memoryLimit);
  const rows = await advice(name);
  expect(rows["cpu-quota"]).toMatchObject({ level: "warning", value: expect.stringContaining(share) });
  expect(rows["memory"]?.level).toBe("warning");
});

test("time that the hypervisor gave to others is told", async () => {
  const rows = await advice("stolen-time-vm");
  expect(rows["steal"]).toMatchObject({ level: "warning", value: "10.0 % since boot" });
  const before = { total: 100, idle: 50, steal: 0 };
  expect(stolenShare(before, { total: 200, idle: 100, steal: 5 })).toBe(0.05);
  expect(stolenShare(before, before)).toBe(0);
});

test("SMT siblings count as one core; NUMA nodes are counted", async () => {
  const machine = readMachine(tree("smt-host"));
  expect(machine).toMatchObject({ logicalCores: 8, physicalCores: 4, numaNodes: 2 });
  expect(machine.simd).toContain("avx512_vnni");
  const rows = await advice("smt-host");
  expect(rows["cores"]).toMatchObject({ level: "note", remedy: expect.stringContaining("OMP_NUM_THREADS=4") });
});

test("processors outside of the cpuset do not count", () => {
  expect(readMachine(tree("stolen-time-vm")).logicalCores).toBe(2);
});

test("/dev/shm without a size takes half of the memory", () => {
  const machine = readMachine(tree("smt-host"));
  expect(machine.sharedMemory).toBe(Math.floor(machine.memory.total / 2));
});

test.runIf(existsSync("/proc/self/limits"))("this machine: as nproc, df and ulimit say", () => {
  const machine = readMachine();
  expect(machine.logicalCores).toBe(
    Number(execFileSync("nproc", { encoding: "utf8", env: { PATH: process.env["PATH"] } })),
  );
  const df = execFileSync("df", ["-B1", "--output=size", "/dev/shm"], { encoding: "utf8" }).split("\n")[1]?.trim();
  expect(machine.sharedMemory).toBe(Number(df));
  const shown = execFileSync("bash", ["-c", "ulimit -n"], { encoding: "utf8" }).trim();
  expect(String(machine.limits.openFiles ?? "unlimited")).toBe(shown);
});
