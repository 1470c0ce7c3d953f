import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Report, VerifyDocument } from "../../../src/verify/report.ts";
import { runMain } from "../../support/run-main.ts";

const tiny = "fixtures/tiny";
const lite0 = "fixtures/efficientnet-lite0";
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "verify-"));
});
afterAll(() => rm(folder, { recursive: true }));

const schema = JSON.parse(await readFile("schema/verify.schema.json", "utf8"));
const conforms = new Ajv2020({ strict: false }).compile(schema);

async function verifyJson(...args: string[]): Promise<{ exitCode: number; document: VerifyDocument; stderr: string }> {
  const { exitCode, stdout, stderr } = await runMain(["verify", "--json", ...args]);
  const document = JSON.parse(stdout);
  conforms(document);
  expect(conforms.errors ?? []).toEqual([]);
  return { exitCode, document, stderr };
}

async function verifyOne(...args: string[]): Promise<Report & { exitCode: number }> {
  const { exitCode, document } = await verifyJson(...args);
  const [report] = document.reports;
  if (!report || !("checks" in report)) throw new Error(JSON.stringify(report));
  return { ...report, exitCode };
}

const failed = (report: Report) => report.checks.filter(({ status }) => status === "failed").map(({ id }) => id);
const checkOf = (report: Report, id: string) => report.checks.find((check) => check.id === id);

describe("verdicts of single model files", () => {
  test.each([
    ["cnn1000.onnx", [1, 3, 224, 224], "float32", [1, 1000]],
    ["cnn10_static.onnx", [1, 3, 224, 224], "float32", [1, 10]],
    ["cnn10_dynamic_nhw.onnx", [1, 3, 224, 224], "float32", [1, 10]],
    ["cnn10_batch4.onnx", [4, 3, 224, 224], "float32", [4, 10]],
    ["cnn10_fp16.onnx", [1, 3, 224, 224], "float16", [1, 10]],
    ["mnist_1x1x28x28.onnx", [1, 1, 28, 28], "float32", [1, 10]],
    ["uint8_nhwc.onnx", [1, 224, 224, 3], "uint8", null],
    ["bert_like.onnx", [1, 16], "int64", null],
    ["external/model.onnx", [1, 3, 224, 224], "float32", [1, 1000]],
    ["tiny_traced.pt", [1, 3, 224, 224], "float32", [1, 10]],
    ["tiny_scripted.pt", [1, 3, 224, 224], "float32", [1, 10]],
    ["tiny.pt2", [2, 3, 224, 224], "float32", [2, 10]],
  ])("%s is ready", async (file, input, dtype, output) => {
    const report = await verifyOne(`${tiny}/${file}`);
    expect(report).toMatchObject({ verdict: "ready", exitCode: 0, path: `${tiny}/${file}` });
    expect(report.inference?.engine).toMatch(/^onnxruntime 1\.\d+\.\d+$/);
    expect(report.inference?.inputs[0]).toMatchObject({ shape: input, dtype });
    if (output) expect(report.inference?.outputs[0]?.shape).toEqual(output);
  });

  test.each([
    ["empty.onnx", "model/unknown-format"],
    ["garbage.onnx", "model/unknown-format"],
    ["truncated.onnx", "onnx/malformed"],
    ["opset99.onnx", "onnx/newer-than-engine"],
    ["ir99.onnx", "onnx/newer-than-engine"],
    ["external_missing/model.onnx", "onnx/external-data"],
    ["external_evil/model.onnx", "onnx/external-data"],
    ["malicious.pkl", "pickle/dangerous-global"],
    ["malicious.pth", "pickle/dangerous-global"],
    ["cnn10_nan.onnx", "model/non-finite"],
    ["gen_onnx.py", "model/unknown-format"],
  ])("%s is not ready: %s", async (file, id) => {
    const report = await verifyOne(`${tiny}/${file}`);
    expect(report).toMatchObject({ verdict: "not ready", exitCode: 1 });
    expect(failed(report)).toContain(id);
    if (id !== "model/non-finite") expect(report.inference).toBeNull();
  });

  test.each(["tiny.pth", "tiny_legacy.pth", "tiny_wholemodule.pt", "tiny.safetensors"])(
    "%s is not proven: the run is skipped, and a finding says what to do",
    async (file) => {
      const report = await verifyOne(`${tiny}/${file}`);
      expect(report).toMatchObject({ verdict: "not proven", exitCode: 1, inference: null });
      const run = checkOf(report, "model/runs");
      expect(run).toMatchObject({ status: "skipped", reason: expect.stringMatching(/\S/) });
      expect(run?.findings[0]?.remedy).toMatch(/--engine torch/);
    },
  );

  test("custom operators are listed and nothing is proven", async () => {
    const report = await verifyOne(`${tiny}/custom_op.onnx`);
    expect(report.verdict).not.toBe("ready");
    expect(checkOf(report, "model/runs")?.status).toBe("skipped");
    expect(JSON.stringify(report.checks)).toContain("com.example.custom");
  });

  test("the figures of NaN outputs are spelt out", async () => {
    const { inference } = await verifyOne(`${tiny}/cnn10_nan.onnx`);
    expect(inference?.outputs[0]).toMatchObject({ min: "NaN", max: "NaN", mean: "NaN", absMax: "NaN", nonFinite: 10 });
  });
});

describe("inputs", () => {
  test.each([
    [`${tiny}/mnist_1x1x28x28.onnx`, ["--input", "1x3x224x224"], "Try --input 1x1x28x28"],
    [`${tiny}/cnn10_static.onnx`, ["--input", "1x3x224x224:int64"], "Try --input 1x3x224x224"],
    [`${tiny}/cnn10_static.onnx`, ["--input", "1x3"], "Try --input 1x3x224x224"],
    [`${tiny}/cnn10_static.onnx`, ["--input", "nope=1x3x224x224"], "Try --input 1x3x224x224"],
    [`${tiny}/cnn10_static.onnx`, ["--input", "5:int"], "Try --input 1x3x224x224"],
    [`${tiny}/tiny_traced.pt`, ["--input", "1x7"], "Try --input 1x3x224x224"],
  ])("%s %j does not fit: not proven, %s", async (file, args, remedy) => {
    const report = await verifyOne(file, ...args);
    expect(report).toMatchObject({ verdict: "not proven", exitCode: 1 });
    expect(checkOf(report, "model/runs")).toMatchObject({ status: "skipped", findings: [{ remedy }] });
  });

  test("shape, type and fill as typed", async () => {
    const report = await verifyOne(`${tiny}/cnn10_dynamic_nhw.onnx`, "--input", "2x3x64x48@ones");
    expect(report.inference?.inputs).toEqual([
      { name: expect.any(String), dtype: "float32", shape: [2, 3, 64, 48], fill: "ones" },
    ]);
  });

  test("a seed changes random inputs, and the same seed repeats them", async () => {
    const first = async (seed: string) =>
      (await verifyOne(`${tiny}/cnn10_static.onnx`, "--fill", "random", "--seed", seed)).inference?.outputs[0]?.first;
    expect(await first("1")).toEqual(await first("1"));
    expect(await first("1")).not.toEqual(await first("2"));
  });

  test.each([
    [["--input", "1xx3"], "usage"],
    [["--input", "@missing.npy"], "not-found"],
    [["--fill", "sevens"], "usage"],
    [["--timeout", "soon"], "usage"],
    [["--target", "torch"], "usage"],
    [["--policy", "missing.yaml"], "not-found"],
  ])("%j is refused before anything runs", async (args, code) => {
    const { exitCode, stdout } = await runMain(["verify", "--json", `${tiny}/cnn10_static.onnx`, ...args]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code } });
  });
});

describe("the reference model", () => {
  const golden = readFile(`${lite0}/golden.json`, "utf8").then((text) => JSON.parse(text).tensors);
  const fills = [
    ["zeros", "zeros"],
    ["ones", "ones"],
    ["wave", "sin(0.37*i)"],
  ] as const;

  test.each(fills.flatMap(([fill, key]) => ["model.onnx", "model.pt"].map((file) => [file, fill, key] as const)))(
    "%s on %s gives the recorded logits",
    async (file, fill, key) => {
      const expected = (await golden)[key];
      const { inference, verdict } = await verifyOne(`${lite0}/${file}`, "--fill", fill);
      expect(verdict).toBe("ready");
      const output = inference?.outputs[0];
      expected.logits_first8.forEach((logit: number, i: number) => expect(output?.first[i]).toBeCloseTo(logit, 3));
      expect(Number(output?.mean) * 1000).toBeCloseTo(expected.sum, 1);
    },
  );
});

describe("static", () => {
  test("a sound file is sound, and nothing runs", async () => {
    const report = await verifyOne(`${tiny}/cnn10_nan.onnx`, "--static");
    expect(report).toMatchObject({ verdict: "sound", exitCode: 0, inference: null });
    expect(checkOf(report, "model/runs")).toMatchObject({ status: "skipped", reason: "--static" });
  });

  test("a state dict is sound, a dangerous pickle is not", async () => {
    expect(await verifyOne(`${tiny}/tiny.pth`, "--static")).toMatchObject({ verdict: "sound", exitCode: 0 });
    expect(await verifyOne(`${tiny}/malicious.pkl`, "--static")).toMatchObject({ verdict: "not ready", exitCode: 1 });
  });
});

describe("exceptions", () => {
  test("--ignore is shown, used or not", async () => {
    const args = ["--static", "--ignore", "onnx/*", "--ignore", "model/unknown-format", "--ignore", "handler/missing"];
    const report = await verifyOne(`${tiny}/empty.onnx`, ...args);
    expect(report.verdict).toBe("sound");
    expect(checkOf(report, "model/unknown-format")).toMatchObject({ status: "failed", excepted: true });
    expect(report.exceptions).toContainEqual(
      expect.objectContaining({ rule: "model/unknown-format", source: "--ignore", used: true }),
    );
    expect(report.exceptions).toContainEqual(expect.objectContaining({ rule: "handler/missing", used: false }));
  });

  test("--strict turns a warning into an error", async () => {
    const lax = await verifyOne(`${tiny}/tiny_wholemodule.pt`, "--static");
    const strict = await verifyOne(`${tiny}/tiny_wholemodule.pt`, "--static", "--strict");
    expect([lax.verdict, strict.verdict]).toEqual(["sound", "not ready"]);
  });

  test("the policy file of the working directory counts, with its reason on the page", async () => {
    await cp(`${tiny}/empty.onnx`, join(folder, "empty.onnx"));
    await writeFile(
      join(folder, ".model-archiver-policy.yaml"),
      "ignore:\n  - onnx/*\n  - check: model/unknown-format\n    reason: a placeholder until Friday\n",
    );
    const { exitCode, stdout } = await runMain(["verify", "--static", "empty.onnx"], { cwd: folder });
    expect(exitCode).toBe(0);
    expect(stdout).toContain("a placeholder until Friday");
    await rm(join(folder, ".model-archiver-policy.yaml"));
  });
});

describe("many paths", () => {
  test("one report a path, in order; one that cannot be read does not stop the others", async () => {
    const paths = [`${tiny}/cnn10_static.onnx`, "nope.mar", `${tiny}/empty.onnx`, `${tiny}/mnist_1x1x28x28.onnx`];
    const { exitCode, document } = await verifyJson(...paths);
    expect(exitCode).toBe(2);
    expect(document.reports.map(({ path, verdict }) => [path, verdict])).toEqual([
      [paths[0], "ready"],
      [paths[1], null],
      [paths[2], "not ready"],
      [paths[3], "ready"],
    ]);
    expect(document.reports[1]).toEqual({
      path: "nope.mar",
      verdict: null,
      error: { code: "not-found", message: expect.stringContaining("nope.mar"), remedy: expect.stringMatching(/\S/) },
    });
  });

  test("one line each and a summary", async () => {
    const { exitCode, stdout } = await runMain(["verify", `${tiny}/cnn10_static.onnx`, `${tiny}/empty.onnx`]);
    expect(exitCode).toBe(1);
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^ready +fixtures\/tiny\/cnn10_static\.onnx$/);
    expect(lines[1]).toMatch(/^not ready +fixtures\/tiny\/empty\.onnx {2}\S+/);
    expect(lines.at(-1)).toMatch(/^2 archives: 1 ready, 1 not ready {3}/);
  });
});

test("a model that never answers is a finding within the time limit", async () => {
  const { exitCode, document } = await verifyJson(`${lite0}/model.onnx`, "--timeout", "0.01");
  expect(exitCode).toBe(1);
  expect(document.reports[0]).toMatchObject({ verdict: "not ready" });
  expect(JSON.stringify(document)).toContain("no answer within 0.01 s");
});
