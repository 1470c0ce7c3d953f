import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { runMain } from "../support/run-main.ts";
import { askPython } from "./python.ts";
import type { Answer } from "../../src/torchserve/client.ts";
import { lacksTorchServe, TorchServe } from "./torchserve.ts";

const lacking = lacksTorchServe();
const fixture = (name: string) => resolve("fixtures/efficientnet-lite0", name);
const tiny = (name: string) => resolve("fixtures/tiny", name);
const names = ["lite0_onnx", "lite0_converted", "lite0_script", "digits", "texts", "counting"];
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
    writeFileSync(join(folder, "vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\nworld\n");
    await pack("lite0_onnx", "--serialized-file", fixture("model.onnx"), "--handler", "onnx_image_classifier");
    await pack("lite0_converted", "--serialized-file", fixture("model.pt"), "--convert", "onnx");
    await pack("lite0_script", "--serialized-file", fixture("model.pt"), "--handler", "image_classifier");
    await pack("digits", "--serialized-file", tiny("mnist_1x1x28x28.onnx"), "--handler", "onnx_tensor");
    const text = ["--serialized-file", tiny("bert_like.onnx"), "--handler", "onnx_text_classifier"];
    await pack("texts", ...text, "--extra-files", "vocab.txt");
    await pack("counting", "--handler", "counting.py", "--config-file", "model-config.yaml");
    const paths = names.map((name) => join(store, `${name}.mar`));
    const output = join(folder, "serving");
    const init = await runMain(["config", "init", ...paths, "-o", output, "--cpus", "2", "--memory", "8G"]);
    expect(init.exitCode, init.stderr).toBe(0);
    server = await TorchServe.start(readFileSync(join(output, "config.properties"), "utf8"));
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  test("every model is ready, as config init foretold", async () => {
    for (const name of names) {
      const ready = await server.whenReady(name);
      expect(ready, server.log().slice(-3000)).toMatchObject([{ minWorkers: 1, maxWorkers: 1, maxBatchDelay: 20 }]);
    }
    expect(await server.whenReady("counting")).toMatchObject([{ batchSize: 4 }]);
  });

  test.each(["cat.jpg", "coffee.jpg"])("ONNX and TorchScript answer side by side: %s", async (image) => {
    const body = readFileSync(fixture(image));
    const classifiers = ["lite0_onnx", "lite0_converted", "lite0_script"];
    const answers = await Promise.all(classifiers.map((name) => server.predict(name, body)));
    for (const answer of answers) await expectLabels(answer, image);
  });

  test("onnx_tensor gives what ONNX Runtime gives", async () => {
    const rows = Array.from({ length: 28 }, (_, y) => Array.from({ length: 28 }, (_, x) => Math.sin(28 * y + x)));
    const { status, body } = await server.predict("digits", JSON.stringify({ input: [rows] }), "application/json");
    expect(status, body).toBe(200);
    const program = `import json, sys, numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
rows = numpy.array(json.loads(sys.argv[2]), numpy.float32).reshape(1, 1, 28, 28)
print(json.dumps(session.run(None, {"input": rows})[0][0].tolist()))`;
    const expected = z
      .array(z.number())
      .parse(askPython(program, [tiny("mnist_1x1x28x28.onnx"), JSON.stringify(rows)]));
    const { logits }: { logits: number[] } = JSON.parse(body);
    expect(logits).toHaveLength(10);
    for (const [i, value] of expected.entries()) expect(logits[i]).toBeCloseTo(value, 4);
    const wrong = await server.predict("digits", JSON.stringify({ input: [[1, 2]] }), "application/json");
    expect(wrong).toMatchObject({ status: 400, body: expect.stringContaining("the model takes") });
  });

  test("onnx_text_classifier gives the classes of the logits their probabilities", async () => {
    const { status, body } = await server.predict("texts", "Hello, world!", "text/plain");
    expect(status, body).toBe(200);
    const probabilities: Record<string, number> = JSON.parse(body);
    expect(Object.keys(probabilities)).toHaveLength(2);
    expect(Object.values(probabilities).reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 4);
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
