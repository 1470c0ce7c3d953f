import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runMain } from "../support/run-main.ts";
import { type Answer, lacksTorchServe, TorchServe } from "./torchserve.ts";

const lacking = lacksTorchServe();
const fixture = (name: string) => resolve("fixtures/efficientnet-lite0", name);
const golden: { images: Record<string, { label: string; probability: number }[]> } = JSON.parse(
  readFileSync(fixture("golden.json"), "utf8"),
);

/** Answers with the number of requests that came together; slowly, so that others wait meanwhile. */
const countingHandler = `import time

def handle(data, context):
    if data is None:
        return None
    time.sleep(0.3)
    return [{"together": len(data)}] * len(data)
`;

describe.skipIf(lacking)(`models that we pack, on a server that we configure ${lacking ?? ""}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "serving-"));
  const store = join(folder, "store");
  let server: TorchServe;

  async function pack(name: string, ...flags: string[]): Promise<void> {
    const labels = ["--extra-files", fixture("index_to_name.json"), "--export-path", "store"];
    const run = await runMain(["archive", "--model-name", name, "-v", "1.0", ...labels, ...flags], { cwd: folder });
    expect(run.exitCode, run.stderr).toBe(0);
  }

  async function expectLabels({ status, body }: Answer, image: string): Promise<void> {
    expect(status, body).toBe(200);
    const labels: Record<string, number> = JSON.parse(body);
    const expected = golden.images[image] ?? [];
    expect(expected.length).toBeGreaterThan(0);
    expect(Object.keys(labels)).toEqual(expected.map(({ label }) => label));
    for (const { label, probability } of expected) expect(labels[label]).toBeCloseTo(probability, 1);
  }

  beforeAll(async () => {
    mkdirSync(store);
    writeFileSync(join(folder, "counting.py"), countingHandler);
    writeFileSync(join(folder, "model-config.yaml"), "batchSize: 4\n");
    await pack("lite0_onnx", "--serialized-file", fixture("model.onnx"), "--handler", "onnx_image_classifier");
    await pack("lite0_converted", "--serialized-file", fixture("model.pt"), "--convert", "onnx");
    await pack("lite0_script", "--serialized-file", fixture("model.pt"), "--handler", "image_classifier");
    await pack("counting", "--handler", "counting.py", "--config-file", "model-config.yaml");
    const archives = ["lite0_onnx", "lite0_converted", "lite0_script", "counting"].map((name) => `${name}.mar`);
    const paths = archives.map((name) => join(store, name));
    const output = join(folder, "serving");
    const init = await runMain(["config", "init", ...paths, "-o", output, "--cpus", "2", "--memory", "8G"]);
    expect(init.exitCode, init.stderr).toBe(0);
    server = await TorchServe.startWith(readFileSync(join(output, "config.properties"), "utf8"));
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  test("every model is ready, as config init foretold", async () => {
    for (const name of ["lite0_onnx", "lite0_converted", "lite0_script", "counting"]) {
      const ready = await server.whenReady(name);
      expect(ready, server.log().slice(-3000)).toMatchObject([{ minWorkers: 1, maxWorkers: 1, maxBatchDelay: 20 }]);
    }
    expect(await server.whenReady("counting")).toMatchObject([{ batchSize: 4 }]);
  });

  test.each(["cat.jpg", "coffee.jpg"])("ONNX and TorchScript answer side by side: %s", async (image) => {
    const body = readFileSync(fixture(image));
    const names = ["lite0_onnx", "lite0_converted", "lite0_script"];
    const answers = await Promise.all(names.map((name) => server.predict(name, body)));
    for (const answer of answers) await expectLabels(answer, image);
  });

  test("what is no image gets 400 and a reason", async () => {
    const { status, body } = await server.predict("lite0_onnx", "no image");
    expect(status).toBe(400);
    expect(body).toContain("no image that can be read");
  });

  test("requests that come together reach the handler together, up to batchSize", async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => server.predict("counting", "x")));
    const together = answers.map(({ status, body }): number => {
      expect(status, body).toBe(200);
      return JSON.parse(body).together;
    });
    expect(Math.max(...together)).toBe(4);
  });

  test("nobody gets in without a token, and the management API takes no further model", async () => {
    expect((await server.predictUnauthorized("lite0_onnx", readFileSync(fixture("cat.jpg")))).status).toBe(400);
    expect((await server.register(join(store, "lite0_onnx.mar"))).status).not.toBe(200);
  });
});
