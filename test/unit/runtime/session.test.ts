import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { EnginePool } from "../../../src/runtime/engine-pool.ts";
import { EngineFailure, EngineProcess } from "../../../src/runtime/session.ts";
import { loopModel as loop } from "../../support/loop-model.ts";

const feeds = [{ name: "x", dtype: "float32", shape: [1], fill: { kind: "zeros" } }] as const;
const started: EngineProcess[] = [];

function engine(timeoutMs: number): EngineProcess {
  const process_ = new EngineProcess({ project: process.cwd(), timeoutMs });
  started.push(process_);
  return process_;
}

afterAll(() => {
  for (const one of started) one.close();
});

const problemOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
    return "none";
  } catch (error) {
    return error instanceof EngineFailure ? error.problem : String(error);
  }
};

test("a loop that ends gives its result, and the process takes the next model", async () => {
  const one = engine(30_000);
  await expect(one.engine).resolves.toMatch(/^onnxruntime 1\./);
  for (const trips of [5n, 9n]) {
    await one.load({ bytes: loop(trips), folder: null });
    const { outputs, raw } = await one.run(feeds, { twice: true });
    expect(outputs).toMatchObject([{ name: "y", shape: [1], first: [Number(trips)], nonFinite: 0 }]);
    expect(raw).toBeNull();
  }
});

test("a loop that never ends is a timeout, and its process is gone", async () => {
  const one = engine(1500);
  await one.load({ bytes: loop(2n ** 60n), folder: null });
  expect(await problemOf(one.run(feeds))).toBe("timeout");
  expect(one.alive).toBe(false);
  expect(await problemOf(one.run(feeds))).toBe("timeout");
});

test("a process that is killed, as for want of memory, is a crash that says so", async () => {
  const one = engine(30_000);
  await one.load({ bytes: loop(2n ** 60n), folder: null });
  const run = one.run(feeds);
  setTimeout(() => process.kill(one.pid ?? 0, "SIGKILL"), 50);
  await expect(run).rejects.toThrow(/killed, most likely out of memory/);
  expect(one.alive).toBe(false);
});

test.each(["SIGSEGV", "SIGABRT"] as const)("a native crash (%s) is a crash that names the signal", async (signal) => {
  const one = engine(30_000);
  await one.load({ bytes: loop(2n ** 60n), folder: null });
  const run = one.run(feeds);
  setTimeout(() => process.kill(one.pid ?? 0, signal), 50);
  await expect(run).rejects.toThrow(signal);
});

test("what the engine refuses leaves the process alive", async () => {
  const one = engine(30_000);
  expect(await problemOf(one.load({ bytes: Buffer.from("nonsense"), folder: null }))).toBe("refused");
  expect(one.alive).toBe(true);
  await one.load({ bytes: loop(1n), folder: null });
  expect(await problemOf(one.run([{ ...feeds[0], shape: [2] }]))).toBe("refused");
  expect(await problemOf(one.run([]))).toBe("refused");
  expect((await one.run(feeds)).outputs[0]?.first).toEqual([1]);
});

test("a pool replaces what died and reuses what lives", async () => {
  const pool = new EnginePool({ project: process.cwd(), timeoutMs: 1500 });
  const pidOf = (work: bigint) =>
    pool.use(async (one) => {
      await one.load({ bytes: loop(work), folder: null });
      await one.run(feeds);
      return one.pid;
    });
  const first = await pidOf(1n);
  expect(await pidOf(2n)).toBe(first);
  expect(await problemOf(pidOf(2n ** 60n))).toBe("timeout");
  const second = await pidOf(3n);
  expect(second).not.toBe(first);
  pool.close();
});

test("an abort ends the process", async () => {
  const controller = new AbortController();
  const one = new EngineProcess({ project: process.cwd(), timeoutMs: 30_000, signal: controller.signal });
  started.push(one);
  await one.load({ bytes: loop(2n ** 60n), folder: null });
  const run = one.run(feeds);
  controller.abort();
  expect(await problemOf(run)).toBe("crashed");
});

test("the engine reports to nobody, and leaves nothing in the folder for temporary files", async () => {
  const folder = mkdtempSync(join(tmpdir(), "engine-"));
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
  try {
    const one = engine(30_000);
    await one.load({ bytes: loop(10n), folder: null });
    if (process.platform === "linux") {
      expect(readFileSync(`/proc/${one.pid}/environ`, "utf8").split("\0")).toContain("ORT_DISABLE_TELEMETRY=1");
    }
    one.close();
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    rmSync(folder, { recursive: true, force: true });
  }
});
