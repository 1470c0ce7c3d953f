import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { archive } from "../../../src/pack/pack.ts";
import type { Report } from "../../../src/verify/report.ts";
import { runMain } from "../../support/run-main.ts";

const flowing = `import os

import requests
import wandb
from huggingface_hub import hf_hub_download

# https://api.anthropic.com is only named here
WEBHOOK = "https://api.openai.com/v1/embeddings"


class Handler:
    def initialize(self, context):
        self.extra = hf_hub_download("org/model", "extra.bin")
        self.token = os.environ["OPENAI_API_KEY"]
        self.aws = "AKIAQYLPMN5HFIQR7XYA"

    def handle(self, data, context):
        """Does not call https://api.cohere.ai."""
        requests.post(WEBHOOK, json={"n": len(data)})
        requests.get("http://stats.acme-cloud.fr/ping")
        return [0] * len(data)
`;
const clean = `"""Nothing of https://api.openai.com here."""


def handle(data, context):
    return [0] * len(data or [])
`;
const compose = `services:
  torchserve:
    image: registry.internal/torchserve:0.12.0
    environment:
      SENTRY_DSN: https://abc@o1.ingest.sentry.io/1
`;

let folder = "";
const mar = (name: string) => join(folder, name, `${name}.mar`);

async function packed(name: string, handler: string, requirements: string): Promise<void> {
  const cwd = join(folder, name);
  mkdirSync(cwd);
  writeFileSync(join(cwd, "handler.py"), handler);
  writeFileSync(join(cwd, "requirements.txt"), requirements);
  const serializedFile = resolve("fixtures/tiny/cnn10_static.onnx");
  const recipe = { modelName: name, version: "1.0", handler: "handler.py", serializedFile };
  await archive({ ...recipe, requirementsFile: "requirements.txt" }, { cwd });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "residency-"));
  await packed("flowing", flowing, "requests==2.32.3\nwandb==0.18.0\nhuggingface_hub==0.26.0\n");
  await packed("clean", clean, "numpy==1.26.4\n");
  await packed("beside", clean, "numpy==1.26.4\n");
  writeFileSync(join(folder, "beside/compose.yaml"), compose);
  // Neither is a file to read.
  mkdirSync(join(folder, "beside/Dockerfile.d"));
  symlinkSync("nowhere", join(folder, "beside/Dockerfile"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const conforms = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync("schema/verify.schema.json", "utf8")));

async function verified(path: string, ...flags: string[]): Promise<Report & { exitCode: number }> {
  const { exitCode, stdout } = await runMain(["verify", path, "--json", ...flags]);
  const document = JSON.parse(stdout);
  expect(conforms(document), JSON.stringify(conforms.errors)).toBe(true);
  return { ...document.reports[0], exitCode };
}

const inventory = ({ residency }: Report) =>
  residency?.flows.map(({ file, line, kind, target, judgement }) => `${file}:${line} ${kind} ${target} ${judgement}`);

test("--json lists every data flow with file, line and judgement, and nothing that is only named", async () => {
  const report = await verified(mar("flowing"), "--residency", "eu");
  expect(report).toMatchObject({ exitCode: 1, verdict: "not ready", residency: { policy: "eu" } });
  expect(inventory(report)?.toSorted()).toEqual([
    "handler.py:13 hub-download org/model third-country",
    "handler.py:14 credential-read OPENAI_API_KEY third-country",
    "handler.py:15 hard-coded-credential AWS access key unknown",
    "handler.py:19 endpoint api.openai.com third-country",
    "handler.py:20 endpoint stats.acme-cloud.fr unknown",
    "handler.py:4 telemetry wandb third-country",
    "requirements.txt:2 telemetry wandb third-country",
    "requirements.txt:3 hub-download huggingface_hub third-country",
  ]);
  const openai = report.residency?.flows.find(({ target }) => target === "api.openai.com");
  expect(openai).toMatchObject({ seat: "US", plainHttp: false, provider: expect.stringContaining("OpenAI") });
  const failed = report.checks.filter(({ id, status }) => id.startsWith("residency/") && status === "failed");
  expect(failed.map(({ id }) => id)).toEqual([
    "residency/third-country",
    "residency/telemetry",
    "residency/download",
    "residency/unknown-host",
    "residency/plain-http",
    "residency/hard-coded-credential",
    "residency/static-look",
  ]);
});

test("the page says where, to whom, under which law, what to do, and what reading cannot prove", async () => {
  const { exitCode, stdout } = await runMain(["verify", mar("flowing"), "--residency", "eu"]);
  expect(exitCode).toBe(1);
  const page = stdout.replaceAll(/\s+/g, " ");
  for (const sentence of [
    "FAIL residency handler.py:19: connects to api.openai.com: OpenAI, L.L.C. (US) residency/third-country",
    "FAIL residency handler.py:14: reads the credential OPENAI_API_KEY: OpenAI, L.L.C. (US)",
    "End it: WANDB_MODE=disabled.",
    "warn residency handler.py:13: fetches org/model from Hugging Face, Inc. (US)",
    "HF_HUB_OFFLINE=1 and a model packed with the archive.",
    "handler.py:15: holds a credential: AWS access key",
    "note residency not proven by reading: addresses put together at run time",
  ]) {
    expect(page).toContain(sentence);
  }
  expect(page).toMatch(/handler\.py:20: .*plain/);
  expect(stdout).not.toContain("AKIAQYLPMN5HFIQR7XYA");
  expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(stdout).toMatch(/\nnot ready {3}\d+ errors {3}\d+ warnings/);
});

test("an archive that keeps to itself stays ready, with the limits of reading as a note", async () => {
  const report = await verified(mar("clean"), "--residency", "eu");
  expect(report).toMatchObject({ exitCode: 0, verdict: "ready", residency: { flows: [] } });
  const notes = report.checks.filter(({ id, status }) => id.startsWith("residency/") && status === "failed");
  expect(notes.map(({ id }) => id)).toEqual(["residency/static-look"]);
});

test("without --residency nothing is audited", async () => {
  const report = await verified(mar("flowing"), "--static");
  expect(report.residency).toBeUndefined();
  const statuses = report.checks.filter(({ id }) => id.startsWith("residency/")).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set(["n/a"]));
});

test("a compose file beside the archive counts; links that lead nowhere do not stop the audit", async () => {
  const report = await verified(mar("beside"), "--residency", "eu");
  expect(report.exitCode).toBe(1);
  expect(inventory(report)).toEqual([
    expect.stringMatching(/compose\.yaml:5 endpoint o1\.ingest\.sentry\.io third-country$/),
  ]);
});

test("a policy file allows countries, providers and hosts by name", async () => {
  const policy = join(folder, "policy.yaml");
  writeFileSync(policy, "countries: [eu]\nproviders: [openai, wandb, huggingface]\nhosts: [acme-cloud.fr]\n");
  const report = await verified(mar("flowing"), "--residency", policy);
  const left = report.residency?.flows.filter(({ judgement }) => judgement !== "allowed");
  expect(left?.map(({ kind }) => kind)).toEqual(["hard-coded-credential"]);
  expect(report.exitCode).toBe(1);
  writeFileSync(policy, "countries: [eu\n");
  const broken = await runMain(["verify", mar("clean"), "--residency", policy]);
  expect(broken).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("is no YAML") });
  const unknown = await runMain(["verify", mar("clean"), "--residency", "mars"]);
  expect(unknown).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("eu, eea, no, ch") });
});
