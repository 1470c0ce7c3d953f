import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openArchive } from "../../../src/archive/open.ts";
import { archiveSubject } from "../../../src/checks/archive-subject.ts";
import { attestationLook } from "../../../src/checks/attestation/verdict.ts";
import type { Check } from "../../../src/checks/check.ts";
import { signatureLook } from "../../../src/checks/signature/verdict.ts";
import { defaultCheckOptions } from "../../../src/checks/subject.ts";
import { signerOf } from "../../../src/cli/signer-flags.ts";
import { attest } from "../../../src/verify/attest.ts";
import { readPrivateKey } from "../../../src/sign/key.ts";
import { runMain } from "../../support/run-main.ts";

const tiny = resolve(import.meta.dirname, "../../../fixtures/tiny");
let folder = "";
const path = (name: string) => join(folder, name);
const run = (...argv: string[]) => runMain(argv, { cwd: folder });
const statementOf = (file: string) => {
  const { dsseEnvelope } = JSON.parse(readFileSync(path(file), "utf8"));
  return JSON.parse(Buffer.from(dsseEnvelope.payload, "base64").toString("utf8"));
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "attest-"));
  const model = ["--serialized-file", join(tiny, "cnn10_static.onnx"), "--handler", "onnx_tensor"];
  await run("archive", "--model-name", "m", "-v", "1", ...model);
  await run("keygen", "-o", "k.pem");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function failed(...flags: string[]): Promise<string[]> {
  const { stdout } = await run("verify", "m.mar", "--static", "--json", "--key", "k.pem.pub", ...flags);
  const checks: { id: string; status: string }[] = JSON.parse(stdout).reports[0].checks;
  const gate = checks.filter(({ id }) => /^(?:signature|attestation)\//u.test(id));
  return gate.filter(({ status }) => status === "failed").map(({ id }) => id);
}

test("what was found, bound to the bytes, in a statement that names no folder", async () => {
  const attested = await run("attest", "m.mar", "--key", "k.pem", "--json");
  expect(attested.exitCode, attested.stdout + attested.stderr).toBe(0);
  const schema = JSON.parse(readFileSync(resolve("schema/attest.schema.json"), "utf8"));
  const validate = new Ajv2020({ strict: false }).compile(schema);
  expect(validate(JSON.parse(attested.stdout)), JSON.stringify(validate.errors)).toBe(true);
  const sha256 = createHash("sha256")
    .update(readFileSync(path("m.mar")))
    .digest("hex");
  const { subject, predicateType, predicate } = statementOf("m.mar.att");
  expect(subject).toEqual([{ name: "m.mar", digest: { sha256 } }]);
  expect(predicateType).toBe("https://in-toto.io/attestation/test-result/v0.1");
  expect(predicate.passedTests).toContain("model/runs");
  expect(predicate.failedTests).toEqual([]);
  const { report } = predicate.modelArchiver;
  expect(report).toMatchObject({ path: "m.mar", verdict: "ready" });
  expect(report.inference.runMs).toBeGreaterThan(0);
  expect(JSON.stringify(predicate)).not.toContain(folder);
});

test("verify --require-attestation is part of the gate", async () => {
  expect(await failed("--require-attestation")).toEqual(["attestation/missing"]);
  expect(await run("attest", "m.mar", "--key", "k.pem", "--quiet")).toMatchObject({ exitCode: 0, stdout: "" });
  expect(await failed("--require-attestation")).toEqual([]);
  await run("keygen", "-o", "other.pem");
  await run("attest", "m.mar", "--key", "other.pem", "-o", "other.att");
  expect(await failed("--require-attestation", "--attestation", "other.att")).toEqual(["attestation/mismatch"]);
  await run("sign", "m.mar", "--key", "k.pem");
  expect(await failed("--require-attestation", "--attestation", "m.mar.sig")).toEqual(["attestation/mismatch"]);
  expect(await failed("--require-attestation", "--require-signature")).toEqual([]);
  appendFileSync(path("m.mar"), "x");
  expect(await failed("--require-attestation")).toEqual(["attestation/mismatch"]);
  expect(await run("verify", "m.mar", "--require-attestation")).toMatchObject({ exitCode: 2 });
  expect(await run("verify", "m.mar", "--key", "k.pem.pub")).toMatchObject({ exitCode: 2 });
});

test("the file is digested once for its signature and its attestation", async () => {
  await run("attest", "m.mar", "--key", "k.pem");
  await run("sign", "m.mar", "--key", "k.pem");
  const required = { signer: await signerOf({ key: "k.pem.pub" }, folder), file: null };
  const options = { ...defaultCheckOptions, requiredSignature: required, requiredAttestation: required };
  const archive = await openArchive(path("m.mar"));
  const subject = archiveSubject(archive, options);
  expect(await signatureLook(subject)).toMatchObject({ matches: true });
  rmSync(path("m.mar"));
  expect(await attestationLook(subject)).toMatchObject({ holds: true });
  await archive.close();
});

test("what is not ready is not attested, and neither is a folder", async () => {
  writeFileSync(path("h.py"), "def handle(data, context:\n");
  await run("archive", "--model-name", "bad", "-v", "1", "--handler", "h.py");
  const attested = await run("attest", "bad.mar", "--key", "k.pem");
  expect(attested).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("not ready") });
  expect(existsSync(path("bad.mar.att"))).toBe(false);
  expect(await run("attest", ".", "--key", "k.pem")).toMatchObject({ exitCode: 2 });
});

test("a statement that says anything but ready does not pass", async () => {
  const [{ buildAttestation }, { signStatement }] = await Promise.all([
    import("../../../src/sign/attestation.ts"),
    import("../../../src/sign/envelope.ts"),
  ]);
  const key = await readPrivateKey(path("k.pem"), null);
  const sha256 = createHash("sha256")
    .update(readFileSync(path("m.mar")))
    .digest("hex");
  const says = async (change: (text: string) => string): Promise<string[]> => {
    const report = { path: "m.mar", verdict: "ready", checks: [] };
    const text = buildAttestation({ name: "m.mar", sha256, report, toolVersion: "1", finishedOn: new Date(0) });
    writeFileSync(path("m.mar.att"), signStatement(change(text), { key, keyPath: "k.pem" }));
    return failed("--require-attestation");
  };
  expect(await says((text) => text)).toEqual([]);
  for (const [from, to] of [
    ['"verdict":"ready"', '"verdict":"sound"'],
    ['"result":"PASSED"', '"result":"FAILED"'],
    ['"result":"PASSED"', '"result":"FINE"'],
    [sha256, "0".repeat(64)],
    ['"subject":[', '"subject":[{},'],
    ["in-toto.io/Statement/v1", "in-toto.io/Statement/v9"],
  ] as const) {
    expect(await says((text) => text.replace(from, to))).toEqual(["attestation/mismatch"]);
  }
});

/** A check during which something happens. */
function during(event: () => void): Check {
  return {
    id: "test/during",
    title: "",
    severity: "note",
    why: "",
    remedy: "",
    async *run() {
      event();
      yield* [];
    },
  };
}

test("an interruption is no verdict", async () => {
  const key = await readPrivateKey(path("k.pem"), null);
  const controller = new AbortController();
  const reason = new Error("interrupted");
  const checks = [during(() => controller.abort(reason))];
  const options = { signing: { key, keyPath: "k.pem" }, checks, signal: controller.signal };
  await expect(attest(path("m.mar"), options)).rejects.toBe(reason);
});

test("an archive that changes while it is judged is not attested", async () => {
  const key = await readPrivateKey(path("k.pem"), null);
  const checks = [during(() => utimesSync(path("m.mar"), 1, 1))];
  const options = { signing: { key, keyPath: "k.pem" }, checks };
  await expect(attest(path("m.mar"), options)).rejects.toMatchObject({ code: "input-changed" });
  expect(existsSync(path("m.mar.att"))).toBe(false);
});
