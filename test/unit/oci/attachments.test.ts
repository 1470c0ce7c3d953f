import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runMain } from "../../support/run-main.ts";
import { FaultRegistry } from "./fault-registry.ts";

const tiny = resolve(import.meta.dirname, "../../../fixtures/tiny");
let folder = "";
let registry = new FaultRegistry();
const path = (name: string) => join(folder, name);
const run = (...argv: string[]) => runMain(argv, { cwd: folder, env: { DOCKER_CONFIG: folder } });
const reference = () => `oci://${registry.host}/m:1`;
const same = (a: string, b: string) => readFileSync(path(a)).equals(readFileSync(path(b)));

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "attachments-"));
  registry = new FaultRegistry();
  await registry.start();
  const model = ["--serialized-file", join(tiny, "cnn10_static.onnx"), "--handler", "onnx_tensor"];
  await run("archive", "--model-name", "m", "-v", "1", ...model);
  for (const name of ["k.pem", "other.pem"]) await run("keygen", "-o", name);
  await run("sign", "m.mar", "--key", "k.pem");
});
afterEach(async () => {
  await registry.stop();
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  ["a registry", reference],
  ["a layout", () => `oci-layout:${path("layout")}:1`],
])("signature, attestation and bill of materials go to %s and come back", async (_, target) => {
  await run("attest", "m.mar", "--key", "k.pem");
  await run("bom", "m.mar", "-o", "m.mar.cdx.json");
  const pushed = await run("push", "m.mar", target(), "--plain-http", "--json");
  expect(pushed.exitCode, pushed.stdout).toBe(0);
  const digests = JSON.parse(pushed.stdout);
  for (const kind of ["signature", "attestation", "bom"]) expect(digests[kind]).toMatch(/^sha256:/);
  const gate = ["--require-signature", "--require-attestation", "--key", "k.pem.pub"];
  const pulled = await run("pull", target(), "-o", "store/", "--plain-http", "--json", ...gate);
  expect(pulled.exitCode, pulled.stdout).toBe(0);
  const names = ["m.mar", "m.mar.sig", "m.mar.att", "m.mar.cdx.json"];
  expect(readdirSync(path("store")).toSorted()).toEqual(names.toSorted());
  for (const name of names) expect(same(`store/${name}`, name)).toBe(true);
  // The server is another user.
  expect(statSync(path("store")).mode & 0o055).toBe(0o055);
  const verified = await run("verify", target(), "--plain-http", "--static", "--quiet", ...gate);
  expect(verified).toMatchObject({ exitCode: 0 });
});

test("what is not attested, or by another, is refused", async () => {
  const gate = ["--require-attestation", "--key", "k.pem.pub", "-o", "p.mar", "--plain-http"];
  await run("push", "m.mar", reference(), "--plain-http");
  const none = await run("pull", reference(), ...gate);
  expect(none).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("has no attestation") });
  await run("attest", "m.mar", "--key", "other.pem");
  await run("push", "m.mar", reference(), "--plain-http");
  const other = await run("pull", reference(), ...gate);
  expect(other).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("another key") });
  expect(readdirSync(folder).filter((name) => name.includes("p.mar"))).toEqual([]);
});

test("a signature cannot be hidden behind another one", async () => {
  await run("push", "m.mar", reference(), "--plain-http");
  await run("sign", "m.mar", "--key", "other.pem", "-o", "other.sig");
  await run("push", "m.mar", reference(), "--plain-http", "--signature", "other.sig");
  const gate = ["--require-signature", "--key"];
  for (const [key, name] of [
    ["k.pem.pub", "a.mar"],
    ["other.pem.pub", "b.mar"],
  ] as const) {
    expect(await run("pull", reference(), "--plain-http", "-o", name, ...gate, key)).toMatchObject({ exitCode: 0 });
  }
  expect(same("a.mar.sig", "m.mar.sig")).toBe(true);
  expect(same("b.mar.sig", "other.sig")).toBe(true);
});

test("what is about other bytes, or no attachment at all, is not pushed", async () => {
  await run("archive", "--from", "m.mar", "--model-name", "n", "-v", "2");
  const wrong = await run("push", "n.mar", reference(), "--plain-http", "--signature", "m.mar.sig", "--json");
  expect(wrong.exitCode).toBe(2);
  expect(JSON.parse(wrong.stdout).error.code).toBe("bad-attachment");
  writeFileSync(path("n.mar.sig"), "-----BEGIN PGP SIGNATURE-----\n");
  expect(await run("push", "n.mar", reference(), "--plain-http")).toMatchObject({ exitCode: 2 });
  const missing = ["--signature", "missing.sig"];
  expect(await run("push", "m.mar", reference(), "--plain-http", ...missing)).toMatchObject({ exitCode: 2 });
  expect(registry.log).toEqual([]);
});

test("what lies beside the output is not overwritten without --force", async () => {
  await run("push", "m.mar", reference(), "--plain-http");
  writeFileSync(path("p.mar.sig"), "mine");
  const pull = ["pull", reference(), "--plain-http", "-o", "p.mar"];
  expect(await run(...pull)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("p.mar.sig") });
  expect(readFileSync(path("p.mar.sig"), "utf8")).toBe("mine");
  expect(await run(...pull, "--force")).toMatchObject({ exitCode: 0 });
  expect(same("p.mar.sig", "m.mar.sig")).toBe(true);
});
