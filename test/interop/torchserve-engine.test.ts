import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { archive } from "../../src/index.ts";
import { runMain } from "../support/run-main.ts";
import { python } from "./python.ts";
import { lacksTorchServe } from "./torchserve.ts";

const lacking = lacksTorchServe();
const lite0 = "fixtures/efficientnet-lite0";
const golden: { images: Record<string, { label: string; probability: number }[]> } = JSON.parse(
  readFileSync(`${lite0}/golden.json`, "utf8"),
);
let folder = "";
/** Where servers live: empty before and after each. */
let servers = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "engine-"));
  servers = await mkdtemp(join(tmpdir(), "srv-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await rm(servers, { recursive: true });
});

const flags = () => ["--engine", "torchserve", "--python", python, "--tmp-dir", servers];

async function verify(path: string, more: readonly string[] = [], signal = new AbortController().signal) {
  const run = await runMain(["verify", "--json", path, ...flags(), ...more], { signal });
  return { ...run, report: run.exitCode === 130 ? null : JSON.parse(run.stdout).reports[0] };
}

const checkOf = (report: { checks: { id: string; findings: unknown[] }[] }, id: string) =>
  report.checks.find((check) => check.id === id);

/** Processes whose command line names our folder of servers. */
function left(): string[] {
  const files = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const lines = files.map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    } catch {
      return "";
    }
  });
  return lines.filter((line) => line.includes(servers) && !line.includes("vitest"));
}

async function packHandler(modelName: string, code: string): Promise<string> {
  const handler = join(folder, `${modelName}.py`);
  await writeFile(handler, code);
  return (await archive({ modelName, version: "1", handler, exportPath: folder })).path;
}

describe.skipIf(lacking)(`verify --engine torchserve ${lacking ?? ""}`, () => {
  test("the server names the cat, and the recorded sample is as it was", async () => {
    const { path } = await archive({
      modelName: "recorded",
      version: "1",
      handler: "image_classifier",
      serializedFile: `${lite0}/model.pt`,
      extraFiles: [`${lite0}/index_to_name.json`],
      sample: [`${lite0}/coffee.jpg`],
      exportPath: folder,
    });
    const { exitCode, report } = await verify(path, ["--sample", `${lite0}/cat.jpg`, "--expect", "tiger cat"]);
    expect(exitCode, JSON.stringify(report)).toBe(0);
    expect(report.inference.engine).toMatch(/^TorchServe \d+\.\d+\.\d+, PyTorch \d/);
    const [cat, coffee] = [golden.images["cat.jpg"] ?? [], golden.images["coffee.jpg"] ?? []];
    expect(report.sample.top.map(({ label }: { label: string }) => label)).toEqual(cat.map(({ label }) => label));
    for (const [i, { probability }] of cat.entries()) {
      expect(Math.abs(report.sample.top[i].probability - probability)).toBeLessThan(0.02);
    }
    expect(report.recordedSamples[0].top[0].label).toBe(coffee[0]?.label);
    expect(checkOf(report, "sample/moved")).toMatchObject({ status: "passed" });
    expect([readdirSync(servers), left()]).toEqual([[], []]);
  }, 120_000);

  test("the worker's own error is the finding; it saw no secret, and nothing stays", async () => {
    const path = await packHandler(
      "raises",
      `import os
class Handler:
    def initialize(self, context):
        open("written-by-the-worker", "w").close()
        raise LookupError(f"secret: {os.environ.get('MODEL_ARCHIVER_SECRET')}, home: {os.environ['HOME']}")
    def handle(self, data, context):
        return data
`,
    );
    process.env["MODEL_ARCHIVER_SECRET"] = "token";
    const { exitCode, report } = await verify(path, ["--sample", `${lite0}/cat.jpg`]);
    delete process.env["MODEL_ARCHIVER_SECRET"];
    expect(exitCode).toBe(1);
    expect(checkOf(report, "model/loads")?.findings).toMatchObject([
      { message: expect.stringMatching(/^LookupError: secret: None, home: .*srv-/), at: "raises.py:5" },
    ]);
    expect([readdirSync(servers), existsSync("written-by-the-worker"), left()]).toEqual([[], false, []]);
  }, 120_000);

  test("Ctrl-C while the model loads, and a model that answers too late, leave nothing behind", async () => {
    const path = await packHandler(
      "slow",
      `import subprocess, sys, time
class Handler:
    def initialize(self, context):
        self.child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", context.system_properties["model_dir"]])
    def handle(self, data, context):
        time.sleep(600)
`,
    );
    const controller = new AbortController();
    const running = verify(path, ["--sample", `${lite0}/cat.jpg`], controller.signal);
    while (!left().some((line) => line.includes("time.sleep(600)"))) await sleep(100);
    // Others on this machine have no token.
    const config = readFileSync(join(servers, readdirSync(servers)[0] ?? "", "config.properties"), "utf8");
    for (const name of ["management", "inference"]) {
      const address = new RegExp(`^${name}_address=(.*)$`, "m").exec(config)?.[1];
      const path = name === "management" ? "/models" : "/predictions/slow";
      expect((await fetch(`${address}${path}`)).status, name).toBe(400);
    }
    controller.abort();
    expect((await running).exitCode).toBe(130);
    expect([readdirSync(servers), left()]).toEqual([[], []]);
    const { report } = await verify(path, ["--sample", `${lite0}/cat.jpg`, "--timeout", "3"]);
    expect(checkOf(report, "model/runs")?.findings).toMatchObject([
      { message: expect.stringMatching(/^no answer within 3 s; TorchServe answers 5\d\d/) },
    ]);
    expect([readdirSync(servers), left()]).toEqual([[], []]);
  }, 120_000);
});

describe.skipIf(lacking)(`bench and tune, measured by the handler's own engine ${lacking ?? ""}`, () => {
  const measured = async (argv: readonly string[]) => {
    const { stdout, stderr } = await runMain([...argv, "--json"]);
    expect(stdout, stderr).not.toBe("");
    return JSON.parse(stdout);
  };
  let onnx = "";
  beforeAll(async () => {
    const handler = `${lite0}/onnx_handler.py`;
    const extraFiles = [`${lite0}/index_to_name.json`];
    const recipe = { modelName: "lite0", version: "1", handler, serializedFile: `${lite0}/model.onnx`, extraFiles };
    onnx = (await archive({ ...recipe, exportPath: folder })).path;
  });

  test("bench --engine torchserve: through HTTP, from register to the first answer", async () => {
    const run = ["bench", onnx, ...flags(), "--sample", `${lite0}/cat.jpg`, "--duration", "1", "--no-throughput"];
    const [result] = (await measured([...run, "--slo", "p50=1us"])).results;
    expect(result).toMatchObject({
      engine: expect.stringMatching(/^TorchServe \d/),
      input: "cat.jpg",
      otherEngine: null,
    });
    expect(result.coldStartMs).toBeGreaterThan(result.loadMs);
    expect(result.latency.runs).toBeGreaterThan(1);
    // A worker with numpy, onnxruntime and the model in it.
    expect(result.peakMemory).toBeGreaterThan(50e6);
    expect(result.slo).toMatchObject({ verdict: "not ready", limits: [{ metric: "p50", answer: "over" }] });
    expect([readdirSync(servers), left()]).toEqual([[], []]);
  }, 180_000);

  test("bench --engine torch: a program's figures count, since PyTorch gave them", async () => {
    const run = ["bench", `${lite0}/model.pt`, "--engine", "torch", "--python", python, "--duration", "0.5"];
    const [result] = (await measured([...run, "--no-throughput", "--slo", "p50=1us"])).results;
    expect(result).toMatchObject({ engine: expect.stringMatching(/^torch \d/), otherEngine: null });
    expect(result.slo).toMatchObject({ verdict: "not ready", limits: [{ answer: "over" }] });
  }, 180_000);

  test("tune --engine torchserve: real servers have the last word", async () => {
    const file = join(folder, "model-config.yaml");
    const run = ["tune", onnx, ...flags(), "--sample", `${lite0}/cat.jpg`, "--point", "0.3", "--max-batch", "1"];
    const { result } = await measured([...run, "--write", file]);
    const { confirmation, advice, engine } = result;
    expect(engine).toMatch(/^onnxruntime/);
    expect(confirmation.engine).toMatch(/^TorchServe/);
    expect(confirmation.standard).toMatchObject({ workers: 1, threads: 0, batch: 1 });
    const kept = confirmation[confirmation.kept];
    expect(advice).toMatchObject({ minWorkers: kept.workers, maxWorkers: kept.workers, batchSize: kept.batch });
    expect(readFileSync(file, "utf8")).toContain(`minWorkers: ${kept.workers}\n`);
    expect([readdirSync(servers), left()]).toEqual([[], []]);
  }, 180_000);
});
