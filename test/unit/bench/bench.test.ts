import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compareRounds } from "../../../src/bench/compare.ts";
import { type Circumstances, type Figures, judgeSlo, parseSlo } from "../../../src/bench/slo.ts";
import { binsOf, latencyOf, median, percentileInterval, variation } from "../../../src/bench/statistics.ts";
import { trustLine, trustOf } from "../../../src/bench/trust.ts";
import type { Machine } from "../../../src/machine/machine.ts";
import { runMain } from "../../support/run-main.ts";

const tiny = "fixtures/tiny";
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bench-"));
});
afterAll(() => rm(folder, { recursive: true }));

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe("statistics", () => {
  test("percentiles of 1 to 1000 ms", () => {
    const latency = latencyOf(upTo(1000));
    expect(latency).toMatchObject({ runs: 1000, min: expect.closeTo(1, 2), mean: expect.closeTo(500.5, 0) });
    expect(latency.p50).toBeCloseTo(500, 0);
    expect(latency.p99).toBeCloseTo(990, 0);
    expect(latency.max).toBeCloseTo(1000, 0);
  });

  test("a P99 needs hundreds of runs, and its interval holds it", () => {
    expect(percentileInterval(upTo(100), 0.99)).toBeNull();
    // Ranks 990 ± 1.96 · √(1000 · 0.99 · 0.01), outwards.
    expect(percentileInterval(upTo(1000), 0.99)).toEqual({ low: 983, high: 997 });
  });

  test("median, variation and bins", () => {
    expect([median([3, 1, 2]), median([1, 2]), median([])]).toEqual([2, 1.5, 0]);
    expect(variation([10, 10, 10])).toBe(0);
    expect(variation([9, 11])).toBeCloseTo(0.1414, 3);
    expect(binsOf([1, 1, 2, 5], 4).counts).toEqual([2, 1, 0, 1]);
  });
});

describe("limits", () => {
  const limit = (metric: string, value: number) => ({ metric, limit: value });

  test("are read with their units", () => {
    expect(parseSlo("p99=200ms, load=2s,rps=30,rss=1GB,p50=500us")).toEqual([
      limit("p99", 200),
      limit("load", 2000),
      limit("rps", 30),
      limit("rss", 1e9),
      limit("p50", 0.5),
    ]);
  });

  test.each(["", "p99", "p99=200", "p98=2ms", "rps=30ms", "rss=1s", "p99=-1ms"])("%j is refused", (text) => {
    expect(() => parseSlo(text)).toThrow(/--slo/);
  });

  const figures: Figures = {
    latency: latencyOf(upTo(1000).map((i) => i / 10)),
    firstMs: 5,
    loadMs: 50,
    coldMs: 400,
    requestsPerSecond: 40,
    peakMemory: 5e8,
  };
  const quiet: Circumstances = { noise: [], throughputNoise: [], otherEngine: null };
  const verdict = (slo: string, circumstances = quiet, of = figures) =>
    judgeSlo(parseSlo(slo), of, circumstances).verdict;

  test("hold against figures that can be trusted", () => {
    expect(verdict("p99=200ms,load=2s,rps=30,rss=1GB")).toBe("ready");
    expect(verdict("p99=50ms")).toBe("not ready");
    expect(verdict("rps=50")).toBe("not ready");
    expect(verdict("rss=100MB")).toBe("not ready");
  });

  test("a limit within the interval of P99 is not proven, nor is a P99 of few runs", () => {
    expect(verdict("p99=99.1ms")).toBe("not proven");
    expect(verdict("p99=200ms", quiet, { ...figures, latency: latencyOf(upTo(50)) })).toBe("not proven");
  });

  test("a noisy P99 never passes; where the fastest run is over it fails all the same", () => {
    const noisy = { ...quiet, noise: ["others used 40 % of the processors"] };
    expect(judgeSlo(parseSlo("p99=200ms"), figures, noisy)).toMatchObject({
      verdict: "not proven",
      limits: [{ reason: "noisy: others used 40 % of the processors" }],
    });
    expect(verdict("p99=90ms", noisy)).toBe("not proven");
    expect(verdict("p99=20ms", noisy)).toBe("not proven");
    expect(verdict("p99=50us", noisy)).toBe("not ready");
  });

  test("requests a second are as good as the time in which they were counted", () => {
    const late = { ...quiet, throughputNoise: ["the hypervisor took 5.0 % of the time"] };
    expect(verdict("p99=200ms", late)).toBe("ready");
    expect(verdict("rps=30", late)).toBe("not proven");
    expect(verdict("rps=50", late)).toBe("not proven");
  });

  test("another engine's figures prove nothing, and rps that was not measured neither", () => {
    const other = { ...quiet, otherEngine: "TorchServe's image_classifier runs it in PyTorch" };
    expect(judgeSlo(parseSlo("p99=200ms"), figures, other).verdict).toBe("not proven");
    expect(verdict("rps=1", quiet, { ...figures, requestsPerSecond: null })).toBe("not proven");
  });
});

describe("trust", () => {
  const machine = (cpuTime: Machine["cpuTime"], more: Partial<Machine> = {}): Machine => ({
    processor: "x",
    logicalCores: 2,
    physicalCores: 2,
    numaNodes: 1,
    simd: [],
    memory: { total: 1, available: 1 },
    cgroup: { version: 2, cpuQuota: null, memoryLimit: null, throttled: null },
    sharedMemory: null,
    limits: { openFiles: null, lockedMemory: null, stack: null },
    cpuTime,
    megahertz: null,
    heatEvents: null,
    load: 0,
    ...more,
  });
  const start = machine({ total: 0, idle: 0, steal: 0 });

  test("a machine of one's own is trusted", () => {
    // 10 s of two processors: 1,000 of 2,000 jiffies busy, and 9.9 s of them ours.
    const trust = trustOf(start, machine({ total: 2000, idle: 1000, steal: 0 }), 9900, [5, 5.1, 5]);
    expect(trust).toMatchObject({ steal: 0, otherLoad: expect.closeTo(0.005), throttled: null, noise: [] });
  });

  test.each([
    ["steal", machine({ total: 2000, idle: 900, steal: 100 }), /hypervisor took 5\.0 %/],
    ["other load", machine({ total: 2000, idle: 0, steal: 0 }), /others used 50\.5 %/],
  ])("%s makes figures noisy", (_, after, words) => {
    expect(trustOf(start, after, 9900, [5, 5]).noise.join()).toMatch(words);
  });

  test("so does a quota that throttles, and a median that wanders", () => {
    const group = (periods: number, throttledPeriods: number): Partial<Machine> => ({
      cgroup: { version: 2, cpuQuota: 1.5, memoryLimit: null, throttled: { periods, throttledPeriods } },
    });
    const idle = { total: 2000, idle: 1990, steal: 0 };
    const { noise, throttled } = trustOf(
      machine(start.cpuTime, group(100, 10)),
      machine(idle, group(200, 30)),
      100,
      [5, 9],
    );
    expect(throttled).toBeCloseTo(0.2);
    expect(noise.join()).toMatch(/throttled 20\.0 %.*median varies/);
  });

  test("so do heat and a clock that falls, and the line tells both", () => {
    const idle = { total: 2000, idle: 1990, steal: 0 };
    const cool = machine(start.cpuTime, { heatEvents: 7, megahertz: 3000 });
    const hot = trustOf(cool, machine(idle, { heatEvents: 9, megahertz: 2400 }), 100, [5, 5]);
    expect(hot.noise).toEqual(["heat slowed the processors down 2 times", "the clock fell by 20.0 %"]);
    expect(trustLine(hot, "9 runs")).toContain("clock down 20.0 %, slowed by heat 2 times");
    const steady = trustOf(cool, machine(idle, { heatEvents: 7, megahertz: 3010 }), 100, [5, 5]);
    expect(trustLine(steady, "9 runs")).toMatch(/clock steady, no heat, jitter 0\.0 %, 9 runs\.$/);
  });
});

describe("against a baseline", () => {
  const pairs = (ratio: number): [number, number][] =>
    [1, 2, 1.5, 3, 1, 2].map((ms, i) => [ms * ratio * (1 + 0.002 * (i % 2)), ms]);

  test("noise that meets both cancels", () => {
    expect(compareRounds(pairs(1), "old.mar", 0.1)).toMatchObject({ verdict: "ready", ratio: expect.closeTo(1, 2) });
    expect(compareRounds(pairs(1.3), "old.mar", 0.1).verdict).toBe("not ready");
    const wild: [number, number][] = [
      [1, 2],
      [2, 1],
      [1, 1],
    ];
    expect(compareRounds(wild, "old.mar", 0.1).verdict).toBe("not proven");
  });
});

describe("bench", () => {
  test("measures, keeps and prints", async () => {
    const file = join(folder, "results.json");
    const run = ["bench", `${tiny}/mnist_1x1x28x28.onnx`, "--duration", "0.2", "--no-throughput", "--json"];
    const { exitCode, stdout, stderr } = await runMain([...run, "--append", file, "--slo", "rss=1MB"]);
    expect(exitCode, stderr).toBe(1);
    const document = JSON.parse(stdout);
    const conforms = new Ajv2020({ strict: false }).compile(
      JSON.parse(await readFile("schema/bench.schema.json", "utf8")),
    );
    conforms(document);
    expect(conforms.errors ?? []).toEqual([]);
    const [result] = document.results;
    expect(result.engine).toMatch(/^onnxruntime \d/);
    expect(result.slo).toMatchObject({ verdict: "not ready", limits: [{ metric: "rss", answer: "over" }] });
    expect(result.bins.counts.reduce((sum: number, count: number) => sum + count, 0)).toBe(result.latency.runs);
    const table = await runMain(["bench", "--table", file, file]);
    expect(table.stdout.trim().split("\n")).toHaveLength(3);
    expect(table.stdout).toContain("mnist_1x1x28x28.onnx");
  });

  test("a program that PyTorch will run cannot pass here", async () => {
    const run = ["bench", `${tiny}/tiny_traced.pt`, "--duration", "0.2", "--no-throughput", "--slo", "p50=60s"];
    const { exitCode, stdout } = await runMain(run);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(
      /engine: onnxruntime [\d.]+, the model alone\n\s+a server runs it in PyTorch, not in ONNX Runtime/,
    );
    expect(stdout).toMatch(/\nnot proven {3}p50 /);
  });

  test.each([
    ["bench", "--duration", "0.1", "--no-throughput"],
    ["verify", "--ignore", "model/*"],
  ])("… unless %s is told that ONNX Runtime will serve it", async (...command) => {
    const run = [...command, `${tiny}/tiny_traced.pt`, "--slo", "rss=100GB"];
    expect((await runMain(run)).exitCode).toBe(1);
    const told = await runMain([...run, "--slo-engine", "onnxruntime"]);
    expect(told.exitCode, told.stdout).toBe(0);
    expect((await runMain([...run, "--slo-engine", "torch"])).exitCode).toBe(2);
  });

  test("what cannot run cannot be measured", async () => {
    const { exitCode, stderr } = await runMain(["bench", `${tiny}/tiny.pth`]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("not-measurable");
  });
});

test("verify --slo: limits count once everything else is ready", async () => {
  const run = ["verify", "--json", "--slo", "rss=1MB", `${tiny}/mnist_1x1x28x28.onnx`];
  const { exitCode, stdout } = await runMain(run);
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout).reports[0]).toMatchObject({
    verdict: "not ready",
    slo: { verdict: "not ready", limits: [{ metric: "rss", answer: "over" }] },
  });
});
