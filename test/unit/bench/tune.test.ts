import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseSlo } from "../../../src/bench/slo.ts";
import { adviceFor, type TunePoint } from "../../../src/bench/advice.ts";
import { judgeDuel } from "../../../src/bench/duel.ts";
import type { Point, Rig } from "../../../src/bench/rig.ts";
import { ranked, search } from "../../../src/bench/tune.ts";
import { readMachine } from "../../../src/machine/read-machine.ts";
import { runMain } from "../../support/run-main.ts";

const tiny = "fixtures/tiny";
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tune-"));
});
afterAll(() => rm(folder, { recursive: true }));

const point = (rowsPerSecond: number, p99: number, within = true, batch = 1): TunePoint => ({
  workers: 2,
  threads: 1,
  batch,
  rowsPerSecond,
  p50: p99 / 2,
  p99,
  peakMemory: 1,
  within,
});

describe("the search, on machines whose best setting is known", () => {
  const machine = { ...readMachine(), physicalCores: 8, logicalCores: 16 };
  const cores = 8;
  /** Runs whose milliseconds are a formula: more workers than cores wait for each other. */
  const rig = (runMs: (point: Point) => number): Rig => ({
    path: "m.mar",
    format: "ONNX",
    input: "a formula",
    otherEngine: null,
    start: async (point) => {
      const waiting = Math.max(1, (point.workers * Math.max(1, point.threads || cores)) / cores);
      const time = runMs({ ...point, threads: point.threads || cores }) * waiting;
      const load = { times: Array.from({ length: 500 }, () => time), cpuMs: 0, totalCpuMs: 0, peakMemory: 1 };
      return {
        engine: "formula 1.0",
        started: { coldMs: 1, loadMs: 1, firstMs: 1 },
        diskReads: 0,
        processes: () => [],
        measure: async () => ({ ...load, rowsPerSecond: (point.workers * point.batch * 1000) / time }),
        close: async () => undefined,
      };
    },
    close: async () => undefined,
  });
  const found = async (runMs: (point: Point) => number, slo: string, maxBatch = 32) =>
    (await search(rig(runMs), { slo: parseSlo(slo), pointMs: 1, maxBatch }, machine)).best;

  test("a tiny model, which threads only slow down: one thread, a worker on each core", async () => {
    const tinyModel = ({ threads, batch }: Point) => batch + 0.3 * (threads - 1);
    expect(await found(tinyModel, "p99=10ms")).toMatchObject({ workers: 8, threads: 1, batch: 1 });
  });

  test("a model that threads make faster, under a limit that one thread breaks", async () => {
    const large = ({ threads, batch }: Point) => (batch * 80) / threads ** 0.9;
    const best = await found(large, "p99=30ms");
    expect(best?.within).toBe(true);
    expect(best?.threads).toBeGreaterThanOrEqual(3);
    expect((best?.workers ?? 0) * (best?.threads ?? 0)).toBe(8);
  });

  test("a model that batches make cheaper, as far as the limit lets them grow", async () => {
    const batching = ({ batch }: Point) => 20 + batch;
    expect(await found(batching, "p99=60ms")).toMatchObject({ workers: 8, batch: 32 });
    expect((await found(batching, "p99=30ms"))?.batch).toBe(8);
    expect((await found(batching, "p99=60ms", 4))?.batch).toBe(4);
  });
});

test("the most throughput within the limits comes first; where none is within, the fastest", () => {
  const [slow, quick, over] = [point(10, 5), point(30, 9), point(90, 300, false)];
  expect(ranked([slow, over, quick])).toEqual([quick, slow]);
  expect(ranked([over, point(99, 400, false)])[0]).toBe(over);
});

test("the default stays unless the best holds when both run in turn", () => {
  const side = (rates: number[], times = [5]) => ({ point: { workers: 2, threads: 1, batch: 1 }, rates, times });
  const standard = side([10, 20, 10, 20]);
  const limits = parseSlo("p99=200ms");
  // The machine slows down and recovers; each round is compared with its own neighbour.
  const faster = judgeDuel(standard, side([15, 30, 15, 31]), limits);
  expect(faster).toMatchObject({ kept: "best", gain: expect.closeTo(1.51, 1) });
  expect(faster.interval.low).toBeGreaterThan(1.4);
  expect(judgeDuel(standard, side([9, 19, 9, 19]), limits).kept).toBe("standard");
  expect(judgeDuel(standard, side([15, 30, 15, 31], [300]), limits)).toMatchObject({
    kept: "standard",
    best: { within: false },
  });
  expect(judgeDuel(side([10, 20], [400]), side([15, 30], [300]), limits).kept).toBe("best");
});

test("a batch waits for a part of what the limit leaves, never more than TorchServe's own 100 ms", () => {
  expect(adviceFor(point(10, 50, true, 4), 2, parseSlo("p99=200ms")).maxBatchDelay).toBe(50);
  expect(adviceFor(point(10, 50, true, 4), 2, parseSlo("p99=2s")).maxBatchDelay).toBe(100);
  expect(adviceFor(point(10, 50), 2, parseSlo("p99=200ms")).maxBatchDelay).toBe(0);
});

test("what tuning said before goes, what others said stays", async () => {
  const file = join(folder, "own.yaml");
  await writeFile(
    file,
    "# Mine.\n# Tuned with x 1; run the server with OMP_NUM_THREADS=7.\nresponseTimeout: 9 # why\n",
  );
  const run = [
    "tune",
    `${tiny}/mnist_1x1x28x28.onnx`,
    "--point",
    "0.05",
    "--max-batch",
    "1",
    "--write",
    file,
    "--quiet",
  ];
  await runMain(run);
  await runMain(run);
  const text = await readFile(file, "utf8");
  expect(text).toMatch(/# Mine\.\nresponseTimeout: 9 # why\n/);
  expect(text.match(/OMP_NUM_THREADS=/g)).toHaveLength(1);
  expect(text).not.toContain("x 1");
});

test.each([
  ["--into", "new.zip", "usage"],
  ["--write", "nowhere/model-config.yaml", "not-found"],
  ["--write", `${tiny}/mnist_1x1x28x28.onnx`, "bad-config"],
])("%s %s is refused before minutes of measuring", async (flag, value, code) => {
  const run = ["tune", `${tiny}/mnist_1x1x28x28.onnx`, "--point", "600", "--json", flag, value];
  const { exitCode, stdout } = await runMain(run);
  expect([exitCode, JSON.parse(stdout).error.code]).toEqual([2, code]);
});

test("the settings land in model-config.yaml and in a new archive that verifies", async () => {
  const handler = "fixtures/efficientnet-lite0/onnx_handler.py";
  const run = ["archive", "--model-name", "m", "--version", "1", "--handler", handler, "--export-path", folder];
  expect((await runMain([...run, "--serialized-file", `${tiny}/mnist_1x1x28x28.onnx`])).exitCode).toBe(0);
  const [config, into] = [join(folder, "model-config.yaml"), join(folder, "tuned", "m.mar")];
  const flags = ["--point", "0.1", "--max-batch", "2", "--write", config, "--into", into, "--json"];
  const { exitCode, stdout, stderr } = await runMain(["tune", join(folder, "m.mar"), ...flags]);
  expect(exitCode, stderr).toBe(0);
  const document = JSON.parse(stdout);
  const conforms = new Ajv2020({ strict: false }).compile(
    JSON.parse(await readFile("schema/tune.schema.json", "utf8")),
  );
  conforms(document);
  expect(conforms.errors ?? []).toEqual([]);
  const { advice, points } = document.result;
  expect(points.length).toBeGreaterThanOrEqual(2);
  const { minWorkers, batchSize } = advice;
  expect(parse(await readFile(config, "utf8"))).toMatchObject({ minWorkers, batchSize });
  const verified = await runMain(["verify", "--json", into]);
  expect(verified.exitCode, verified.stdout).toBe(0);
  expect((await runMain(["inspect", "--json", into])).stdout).toContain("model-config.yaml");
  const again = await runMain(["tune", join(folder, "m.mar"), "--into", into, "--point", "600", "--json"]);
  expect(JSON.parse(again.stdout).error.code).toBe("already-exists");
});
