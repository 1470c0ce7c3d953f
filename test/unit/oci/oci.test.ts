import { createCipheriv } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pull } from "../../../src/oci/pull.ts";
import { push } from "../../../src/oci/push.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import { runMain } from "../../support/run-main.ts";
import { FaultRegistry } from "./fault-registry.ts";

let folder = "";
let registry = new FaultRegistry();
const path = (name: string) => join(folder, name);
const run = (...argv: string[]) => runMain(argv, { cwd: folder, env: { DOCKER_CONFIG: folder } });
const reference = () => `oci://${registry.host}/m:1`;
const settings = () => ({
  env: { DOCKER_CONFIG: folder },
  plainHttp: "loopback" as const,
  retry: { attempts: 4, base: 1 },
  chunk: 1 << 20,
});

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "oci-"));
  process.env["XDG_STATE_HOME"] = path("state");
  registry = new FaultRegistry();
  await registry.start();
  writeFileSync(path("h.py"), "def handle(data, context):\n    return data\n");
  const stream = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16));
  writeFileSync(path("weights.bin"), stream.update(Buffer.alloc((3 << 20) + 17)));
  await pack();
});
afterEach(async () => {
  await registry.stop();
  rmSync(folder, { recursive: true, force: true });
  delete process.env["XDG_STATE_HOME"];
});

async function pack(): Promise<void> {
  const files = ["--handler", path("h.py"), "--extra-files", path("weights.bin")];
  await run("archive", "--model-name", "m", "-v", "1", ...files, "--force");
}

function fits(name: string, text: string): unknown {
  const schema = JSON.parse(readFileSync(new URL(`../../../schema/${name}.schema.json`, import.meta.url), "utf8"));
  const validate = new Ajv2020({ strict: false }).compile(schema);
  const document: unknown = JSON.parse(text);
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
  return document;
}

test.each([[[]], [["--unpacked"]]])("what is pushed %j comes back the same, signed", async (more) => {
  await run("keygen", "-o", "k.pem");
  await run("sign", "m.mar", "--key", "k.pem");
  const pushed = await run("push", "m.mar", reference(), "--plain-http", "--json", ...more);
  expect(pushed.exitCode, pushed.stdout).toBe(0);
  fits("push", pushed.stdout);
  mkdirSync(path("store"));
  const gate = ["--require-signature", "--key", "k.pem.pub"];
  const pulled = await run("pull", reference(), "-o", "store", "--plain-http", "--json", ...gate);
  expect(pulled.exitCode, pulled.stdout).toBe(0);
  fits("pull", pulled.stdout);
  expect(readdirSync(path("store")).toSorted()).toEqual(["m.mar", "m.mar.sig"]);
  expect(readFileSync(path("store/m.mar")).equals(readFileSync(path("m.mar")))).toBe(true);
  const { stdout } = await run("inspect", reference(), "--plain-http", "--json");
  expect(JSON.parse(stdout)).toMatchObject({ container: "zip", manifest: { model: { modelName: "m" } } });
});

test("unpacked, a changed handler sends neither the weights nor anything twice", async () => {
  await push(path("m.mar"), reference(), { ...settings(), unpacked: true });
  writeFileSync(path("h.py"), "def handle(data, context):\n    return None\n");
  await pack();
  const again = await push(path("m.mar"), reference(), { ...settings(), unpacked: true });
  expect(again.sent).toBeLessThan(10_000);
  expect(again.skipped).toBeGreaterThan(3 << 20);
  const third = await push(path("m.mar"), reference(), { ...settings(), unpacked: true });
  expect(third).toMatchObject({ sent: 0, digest: again.digest });
});

test.each([
  { method: "PATCH", path: /uploads/, kind: "cut" },
  { method: "PATCH", path: /uploads/, kind: 500 },
  { method: "PUT", path: /uploads/, kind: 503 },
  { method: "POST", path: /uploads/, kind: 429 },
  { method: "HEAD", path: /blobs/, kind: 502 },
  { method: "PUT", path: /manifests/, kind: 500 },
  { method: "HEAD", path: /blobs/, kind: "cut" },
  { method: "POST", path: /uploads/, kind: "cut" },
  { method: "POST", path: /uploads/, kind: "lost" },
  { method: "PATCH", path: /uploads/, kind: "lost" },
  { method: "PATCH", path: /uploads/, kind: 429 },
  { method: "PATCH", path: /uploads/, kind: 416 },
  { method: "PUT", path: /uploads/, kind: "cut" },
  { method: "PUT", path: /uploads/, kind: "lost" },
  { method: "PUT", path: /manifests/, kind: "cut" },
  { method: "PUT", path: /manifests/, kind: "lost" },
] as const)("a push goes on after $method $kind", async (fault) => {
  registry.faults.push(fault);
  await push(path("m.mar"), reference(), settings());
  expect(registry.faults).toEqual([]);
  const pulled = await pull(reference(), { ...settings(), output: path("p.mar") });
  expect(pulled.refused).toBeNull();
  expect(readFileSync(path("p.mar")).equals(readFileSync(path("m.mar")))).toBe(true);
});

test("a cut upload goes on where it was", async () => {
  registry.faults.push({ method: "PATCH", path: /uploads/, kind: "cut" });
  await push(path("m.mar"), reference(), settings());
  const ranges = registry.log.filter((line) => line.startsWith("PATCH")).map((line) => line.split(" ").at(-1) ?? "");
  const starts = ranges.map((range) => Number(range.split("-")[0]));
  expect(starts[0]).toBe(0);
  expect(starts[1]).toBeGreaterThan(0);
});

test("an upload that a killed push left behind goes on", async () => {
  for (let i = 0; i < 8; i += 1) registry.faults.push({ method: "PUT", path: /uploads/, kind: 500, from: 1 << 20 });
  await expect(push(path("m.mar"), reference(), settings())).rejects.toMatchObject({ code: "network" });
  registry.faults.length = 0;
  registry.log.length = 0;
  await push(path("m.mar"), reference(), settings());
  expect(registry.log.some((line) => line.startsWith("PATCH") && line.endsWith(" 0-1048575"))).toBe(false);
});

test("an interruption lets the chunk on its way arrive; the next push goes on behind it", async () => {
  const stop = new AbortController();
  const push1 = push(path("m.mar"), reference(), {
    ...settings(),
    signal: stop.signal,
    // In the middle of the second chunk.
    onBytes: (done) => done > (1 << 20) + 1000 && stop.abort(),
  });
  await expect(push1).rejects.toMatchObject({ code: "interrupted", message: expect.stringContaining("goes on") });
  const [arrived] = [...registry.uploads.values()].map(({ length }) => length).toSorted((a, b) => b - a);
  expect(arrived).toBe(2 << 20);
  registry.log.length = 0;
  await push(path("m.mar"), reference(), settings());
  const ranges = registry.log.filter((line) => line.startsWith("PATCH")).map((line) => line.split(" ").at(-1));
  expect(ranges[0]).toBe(`${2 << 20}-${(3 << 20) - 1}`);
});

test("an upload whose last answer was lost is not sent again", async () => {
  registry.faults.push({ method: "PUT", path: /uploads/, kind: "lost", from: 3 << 20 });
  await push(path("m.mar"), reference(), settings());
  expect(registry.faults).toEqual([]);
  expect(registry.log.filter((line) => line.startsWith("PATCH") && line.endsWith(" 0-1048575")).length).toBe(1);
});

test("bytes that arrive as others are refused, and not taken up again", async () => {
  registry.faults.push({ method: "PATCH", path: /uploads/, kind: "other-bytes" });
  const refused = push(path("m.mar"), reference(), settings());
  await expect(refused).rejects.toMatchObject({ code: "network", message: expect.stringContaining("DIGEST_INVALID") });
  await push(path("m.mar"), reference(), settings());
  await pull(reference(), { ...settings(), output: path("p.mar") });
  expect(readFileSync(path("p.mar")).equals(readFileSync(path("m.mar")))).toBe(true);
});

test.each(["cut", "truncated", 500, 429] as const)("a pull goes on after %s", async (kind) => {
  await push(path("m.mar"), reference(), settings());
  registry.faults.push({ method: "GET", path: /blobs/, kind });
  const pulled = await pull(reference(), { ...settings(), output: path("p.mar") });
  expect(pulled.refused).toBeNull();
  expect(readFileSync(path("p.mar")).equals(readFileSync(path("m.mar")))).toBe(true);
});

test("a pull goes on when a manifest or the signature is cut", async () => {
  await run("keygen", "-o", "k.pem");
  await run("sign", "m.mar", "--key", "k.pem");
  await push(path("m.mar"), reference(), settings());
  const faults = { method: "GET", kind: "cut" } as const;
  registry.faults.push({ ...faults, path: /manifests\/1/ }, { ...faults, path: /manifests\/sha256-/ });
  const signature = [...registry.blobs].find(([, bytes]) => bytes.includes("dsseEnvelope"))?.[0] ?? "none";
  registry.faults.push({ ...faults, path: new RegExp(signature) });
  const pulled = await pull(reference(), { ...settings(), output: path("p.mar") });
  expect(registry.faults).toEqual([]);
  expect(readFileSync(pulled.signature ?? "").equals(readFileSync(path("m.mar.sig")))).toBe(true);
});

test("a pull that was given up goes on with what is there", async () => {
  await push(path("m.mar"), reference(), settings());
  registry.faults.push({ method: "GET", path: /blobs/, kind: "cut" });
  for (let i = 0; i < 8; i += 1) registry.faults.push({ method: "GET", path: /blobs/, kind: 500 });
  await expect(pull(reference(), { ...settings(), output: path("p.mar") })).rejects.toMatchObject({ code: "network" });
  registry.faults.length = 0;
  registry.log.length = 0;
  await pull(reference(), { ...settings(), output: path("p.mar") });
  expect(registry.log.filter((line) => line.includes("/blobs/") && line.includes(" bytes=0-"))).toEqual([]);
  expect(readFileSync(path("p.mar")).equals(readFileSync(path("m.mar")))).toBe(true);
});

test("other bytes than the digest says leave no file", async () => {
  await push(path("m.mar"), reference(), settings());
  registry.faults.push({ method: "GET", path: /blobs/, kind: "other-bytes" });
  await expect(pull(reference(), { ...settings(), output: path("p.mar") })).rejects.toMatchObject({
    code: "bad-artifact",
  });
  expect(readdirSync(folder)).not.toContain("p.mar");
});

test("bearer tokens from docker's config.json, and none for another host", async () => {
  registry.login = "user:secret";
  await expect(push(path("m.mar"), reference(), settings())).rejects.toMatchObject({ code: "denied" });
  const auth = Buffer.from("user:secret").toString("base64");
  writeFileSync(path("config.json"), JSON.stringify({ auths: { [registry.host]: { auth } } }));
  await push(path("m.mar"), reference(), settings());
  registry.redirectBlobs = true;
  await pull(reference(), { ...settings(), output: path("p.mar") });
  expect(registry.elsewhere.length).toBeGreaterThan(0);
  expect(registry.elsewhere.filter((header) => header !== undefined)).toEqual([]);
});

test("what is not signed, or not sound, is refused and leaves nothing", async () => {
  await run("keygen", "-o", "k.pem");
  await run("push", "m.mar", reference(), "--plain-http");
  const gate = ["--require-signature", "--key", "k.pem.pub", "-o", "p.mar"];
  expect(await run("pull", reference(), "--plain-http", ...gate)).toMatchObject({ exitCode: 1 });
  writeFileSync(path("bad.mar"), readFileSync(path("m.mar")).subarray(0, 5000));
  await run("push", "bad.mar", reference(), "--plain-http");
  const bad = await run("pull", reference(), "--plain-http", "-o", "p.mar", "--json");
  expect(bad.exitCode).toBe(1);
  expect(fits("pull", bad.stdout)).toMatchObject({ file: null });
  expect(readdirSync(folder).filter((name) => name.includes("p.mar"))).toEqual([]);
});

test("an image layout in a folder does what a registry does", async () => {
  await run("keygen", "-o", "k.pem");
  await run("sign", "m.mar", "--key", "k.pem");
  const target = `oci-layout:${path("layout")}:1`;
  expect(await run("push", "m.mar", target, "--unpacked")).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(readFileSync(path("layout/oci-layout"), "utf8"))).toEqual({ imageLayoutVersion: "1.0.0" });
  const gate = ["--require-signature", "--key", "k.pem.pub", "-o", "p.mar"];
  expect(await run("pull", target, ...gate)).toMatchObject({ exitCode: 0 });
  expect(readFileSync(path("p.mar")).equals(readFileSync(path("m.mar")))).toBe(true);
  expect((await run("inspect", target, "--json")).exitCode).toBe(0);
});

test("verify oci:// fetches, judges, and finds the signature", async () => {
  await run("keygen", "-o", "k.pem");
  const gate = [
    "verify",
    reference(),
    "--plain-http",
    "--static",
    "--require-signature",
    "--key",
    "k.pem.pub",
    "--json",
  ];
  const failed = async (): Promise<string[]> => {
    const [report] = JSON.parse((await run(...gate)).stdout).reports;
    expect(report.path).toBe(reference());
    return report.checks.flatMap(({ id, status }: { id: string; status: string }) => (status === "failed" ? id : []));
  };
  await run("push", "m.mar", reference(), "--plain-http");
  expect(await failed()).toContain("signature/missing");
  await run("sign", "m.mar", "--key", "k.pem");
  await run("push", "m.mar", reference(), "--plain-http");
  expect(await failed()).not.toContain("signature/missing");
});

test("plain HTTP is for this machine unless forced; references are checked", async () => {
  expect(await run("push", "m.mar", "oci://registry.example.org/m:1", "--plain-http")).toMatchObject({ exitCode: 2 });
  for (const bad of [
    "oci://",
    "oci://host",
    "oci://host/UPPER:1",
    "oci://h/m:1:2",
    "oci://h/../m:1",
    "oci://h/m@sha256:1",
  ]) {
    expect(() => parseReference(bad)).toThrow();
  }
  expect(parseReference("oci://docker.io/model")).toMatchObject({
    host: "registry-1.docker.io",
    repository: "library/model",
    name: "latest",
  });
});
