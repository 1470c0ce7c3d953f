import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Report } from "../../../src/verify/report.ts";
import { jsonTensors } from "../../../src/sample/json-tensor.ts";
import { movement } from "../../../src/sample/moved.ts";
import { pictureLayout, preparePicture } from "../../../src/sample/prepare-picture.ts";
import { readRecorded } from "../../../src/sample/recorded-sample.ts";
import { resize } from "../../../src/sample/resize.ts";
import { topLabels } from "../../../src/sample/top-labels.ts";
import { runMain } from "../../support/run-main.ts";

const lite0 = "fixtures/efficientnet-lite0";
const tiny = "fixtures/tiny";
const golden: { images: Record<string, { label: string; probability: number }[]> } = JSON.parse(
  await readFile(`${lite0}/golden.json`, "utf8"),
);
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sample-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function pack(model: string): Promise<string> {
  const name = `lite0-${model.replace(".", "-")}`;
  const handler = model.endsWith(".onnx") ? `${lite0}/onnx_handler.py` : "image_classifier";
  const files = ["--serialized-file", `${lite0}/${model}`, "--extra-files", `${lite0}/index_to_name.json`];
  const run = ["archive", "--model-name", name, "--version", "1", "--handler", handler, "--export-path", folder];
  const { exitCode, stderr } = await runMain([...run, ...files, "--force"]);
  expect(exitCode, stderr).toBe(0);
  return join(folder, `${name}.mar`);
}

async function verifyJson(...args: string[]): Promise<Report & { exitCode: number }> {
  const { exitCode, stdout } = await runMain(["verify", "--json", ...args]);
  return { ...JSON.parse(stdout).reports[0], exitCode };
}

const checkOf = (report: Report, id: string) => report.checks.find((check) => check.id === id);

describe("photographs", () => {
  test.each(["model.onnx", "model.pt"])("%s gives the reference's five classes for both", async (model) => {
    const path = await pack(model);
    for (const [image, expected] of Object.entries(golden.images)) {
      const { sample, exitCode } = await verifyJson(path, "--sample", `${lite0}/${image}`);
      expect(exitCode).toBe(0);
      expect(sample?.top.map(({ label }) => label)).toEqual(expected.map(({ label }) => label));
      for (const [i, { probability }] of expected.entries()) {
        expect(Math.abs((sample?.top[i]?.probability ?? 9) - probability)).toBeLessThan(0.02);
      }
    }
  });

  test("the wrong label is an error, the right one is not", async () => {
    const path = await pack("model.onnx");
    const wrong = await verifyJson(path, "--sample", `${lite0}/coffee.jpg`, "--expect", "cup");
    expect(wrong).toMatchObject({ exitCode: 1, verdict: "not ready" });
    expect(checkOf(wrong, "sample/expected-label")?.findings[0]?.message).toBe(
      "coffee.jpg is taken for espresso 95.3 %; cup comes in place 2",
    );
    const right = await runMain(["verify", path, "--sample", `${lite0}/coffee.jpg`, "--expect", "espresso"]);
    expect(right.exitCode).toBe(0);
    expect(right.stdout).toContain("coffee.jpg: espresso 95.3 %");
  });

  test("a model of bytes, channels last, gets bytes", () => {
    const layout = pictureLayout({ name: "x", dtype: "uint8", shape: [null, 2, 2, 3] });
    if (layout === null) throw new Error("no layout");
    const rgb = new Uint8Array(8 * 8 * 3).fill(77);
    const { tensor } = preparePicture({ width: 8, height: 8, rgb }, layout);
    expect(tensor).toMatchObject({ dtype: "uint8", shape: [1, 2, 2, 3] });
    expect([...tensor.bytes]).toEqual(Array.from({ length: 12 }, () => 77));
  });

  // Pillow 9.4: Image.fromarray(x).resize((3, 2), Image.BILINEAR) of x[i] = (i * 37) % 256 as 7 × 5 RGB pixels.
  test("the resize is Pillow's, byte for byte", async () => {
    const rgb = Uint8Array.from({ length: 7 * 5 * 3 }, (_, i) => (i * 37) % 256);
    const expected: number[] = JSON.parse(await readFile("fixtures/sample-resize.json", "utf8"));
    expect([...resize({ width: 7, height: 5, rgb }, 3, 2).rgb]).toEqual(expected);
  });
});

describe("samples that travel with the model", () => {
  const recorded = () => join(folder, "recorded.mar");

  beforeAll(async () => {
    const run = ["archive", "--model-name", "recorded", "--version", "1", "--handler", `${lite0}/onnx_handler.py`];
    const files = ["--serialized-file", `${lite0}/model.onnx`, "--extra-files", `${lite0}/index_to_name.json`];
    const sample = ["--sample", `${lite0}/coffee.jpg`, "--expect", "espresso", "--export-path", folder];
    const { exitCode, stderr } = await runMain([...run, ...files, ...sample]);
    expect(exitCode, stderr).toBe(0);
  });

  test("every verify runs them again", async () => {
    const report = await verifyJson(recorded());
    expect(report).toMatchObject({ exitCode: 0, verdict: "ready" });
    expect(report.recordedSamples?.[0]).toMatchObject({ name: "coffee.jpg", expect: "espresso" });
    expect(checkOf(report, "sample/moved")?.status).toBe("passed");
    expect(checkOf(report, "sample/expected-label")?.status).toBe("passed");
  });

  test("another model under the same samples has moved", async () => {
    const run = ["archive", "--from", recorded(), "--model-name", "moved", "--export-path", folder];
    const model = ["--serialized-file", `${tiny}/cnn1000.onnx`];
    const { exitCode, stderr } = await runMain([...run, ...model]);
    expect(exitCode, stderr).toBe(0);
    const report = await verifyJson(join(folder, "moved.mar"));
    expect(report).toMatchObject({ exitCode: 1, verdict: "not ready" });
    expect(checkOf(report, "sample/moved")).toMatchObject({
      status: "failed",
      findings: [
        { message: expect.stringMatching(/^coffee\.jpg: output \S+ moved by/), at: "MAR-INF/samples/1/sample.json" },
      ],
    });
  });

  test("a sample that the model takes for something else is not packed", async () => {
    const run = ["archive", "--model-name", "wrong", "--version", "1", "--handler", `${lite0}/onnx_handler.py`];
    const files = ["--serialized-file", `${lite0}/model.onnx`, "--sample", `${lite0}/cat.jpg`, "--expect", "967"];
    const { exitCode, stderr } = await runMain([...run, ...files, "--export-path", folder]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("bad-sample");
  });
});

describe("other samples", () => {
  test("text for a model of tokens is refused, with what to give", async () => {
    const path = join(folder, "review.txt");
    await writeFile(path, "a fine film");
    const report = await verifyJson(`${tiny}/bert_like.onnx`, "--sample", path);
    expect(report.exitCode).toBe(1);
    expect(checkOf(report, "sample/runs")?.findings[0]).toMatchObject({
      message: expect.stringContaining("is text"),
      remedy: expect.stringContaining("input_ids"),
    });
  });

  test("a picture of another kind is told by its bytes, and what is cut short is refused", async () => {
    const path = join(folder, "cut.png");
    await writeFile(path, (await readFile(`${lite0}/coffee.jpg`)).subarray(0, 3000));
    const { exitCode, stdout } = await runMain(["verify", "--json", `${tiny}/cnn10_static.onnx`, "--sample", path]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout).error.code).toBe("unreadable");
  });

  const ids = { name: "ids", dtype: "int64", shape: [1, null] } as const;

  test("JSON: nested arrays, an object by name, the open inference protocol", () => {
    const bytes = new Uint8Array(new BigInt64Array([5n, 6n]).buffer);
    const tensor = { dtype: "int64", shape: [1, 2], bytes };
    expect(jsonTensors([[5, 6]], [ids])).toEqual([{ name: null, tensor }]);
    expect(jsonTensors({ ids: [[5, 6]] }, [ids])).toEqual([{ name: "ids", tensor }]);
    const request = { inputs: [{ name: "ids", shape: [1, 2], datatype: "INT64", data: [5, 6] }] };
    expect(jsonTensors(request, [ids])).toEqual([{ name: "ids", tensor }]);
  });

  test.each([[[[1], [1, 2]]], [["a"]], ["text"], [{ inputs: [{ name: "ids", shape: [3], data: [1] }] }]])(
    "JSON that is no tensor is told: %j",
    (value) => expect(jsonTensors(value, [ids])).toEqual(expect.any(String)),
  );
});

describe("scores", () => {
  const view = (values: readonly number[]) => ({ length: values.length, at: (i: number) => values[i] ?? NaN });

  test("logits go through softmax, probabilities do not", () => {
    expect(topLabels(view([0, Math.log(3)]), 2, null).map((top) => top.probability)).toEqual([
      expect.closeTo(0.75),
      expect.closeTo(0.25),
    ]);
    expect(topLabels(view([0.9, 0.1]), 2, new Map([["0", "cat"]]))[0]).toEqual({
      index: 0,
      label: "cat",
      probability: 0.9,
    });
    expect(topLabels(view([NaN, 1]), 2, null)).toEqual([]);
  });

  test("movement is held against absolute and relative tolerance", () => {
    const tolerance = { absolute: 0.1, relative: 0.01 };
    expect(movement(view([10, -20]), view([10.2, -20]), tolerance)).toEqual({
      difference: expect.closeTo(0.2),
      allowed: expect.closeTo(0.3),
    });
    expect(movement(view([1]), view([NaN]), tolerance).difference).toBe(Infinity);
    expect(movement(view([1]), view([1, 2]), tolerance).difference).toBe(Infinity);
  });

  test.each(["", "[]", "{}", '{"schemaVersion": 2}'])("%j is no record of a sample", (text) => {
    expect(readRecorded(text)).toEqual(expect.any(String));
  });
});
