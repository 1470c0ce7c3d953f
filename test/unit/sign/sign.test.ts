import { execFileSync } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bundleCli } from "../../../scripts/bundle-cli.js";
import { comparePaths } from "../../../src/sign/statement.ts";
import { runMain } from "../../support/run-main.ts";

let folder = "";
const path = (name: string) => join(folder, name);
const run = (...argv: string[]) => runMain(argv, { cwd: folder });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sign-"));
  writeFileSync(path("h.py"), "def handle(data, context):\n    return data\n");
  writeFileSync(path("labels.json"), `{${Array.from({ length: 300 }, (_, i) => `"${i}": "label ${i}"`).join()}}`);
  writeFileSync(path("weights.bin"), incompressible((3 << 20) + 17));
  const files = ["--handler", path("h.py"), "--extra-files", `${path("labels.json")},${path("weights.bin")}`];
  await run("archive", "--model-name", "m", "-v", "1", ...files, "--archive-format", "default");
  await run("keygen", "-o", "k.pem");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function incompressible(length: number): Buffer {
  const stream = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16));
  return stream.update(Buffer.alloc(length));
}

function fits(name: string, text: string): unknown {
  const schema = JSON.parse(readFileSync(new URL(`../../../schema/${name}.schema.json`, import.meta.url), "utf8"));
  const validate = new Ajv2020({ strict: false }).compile(schema);
  const document: unknown = JSON.parse(text);
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
  return document;
}

test.each(["P-256", "P-384", "P-521"])("signs with %s and verifies, encrypted keys too", async (curve) => {
  writeFileSync(path("password"), "s3cret\n");
  const made = await run("keygen", "-o", "own.pem", "--curve", curve, "--password-file", "password", "--json");
  expect(fits("keygen", made.stdout)).toMatchObject({ curve, encrypted: true });
  expect(statSync(path("own.pem")).mode & 0o777).toBe(0o600);
  expect(await run("sign", "m.mar", "--key", "own.pem")).toMatchObject({ exitCode: 2 });
  const signed = await run("sign", "m.mar", "--key", "own.pem", "--password-file", "password", "--json");
  expect(fits("sign", signed.stdout)).toMatchObject({ entriesChecked: 3, files: 1 });
  const verdict = await run("verify-signature", "m.mar", "--key", "own.pem.pub", "--json");
  expect(verdict.exitCode).toBe(0);
  expect(fits("verify-signature", verdict.stdout)).toMatchObject({ matches: true, signedName: "m.mar" });
});

test("takes openssl's SEC1 keys; openssl finds the signature right", async () => {
  execFileSync("openssl", ["ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", path("sec1.pem")]);
  execFileSync("openssl", ["ec", "-in", path("sec1.pem"), "-pubout", "-out", path("sec1.pub")], { stdio: "ignore" });
  expect(await run("sign", "m.mar", "--key", "sec1.pem")).toMatchObject({ exitCode: 0 });
  const { dsseEnvelope } = JSON.parse(readFileSync(path("m.mar.sig"), "utf8"));
  const payload = Buffer.from(dsseEnvelope.payload, "base64");
  const head = `DSSEv1 28 application/vnd.in-toto+json ${payload.length} `;
  writeFileSync(path("pae"), Buffer.concat([Buffer.from(head), payload]));
  writeFileSync(path("raw"), Buffer.from(dsseEnvelope.signatures[0].sig, "base64"));
  const said = execFileSync(
    "openssl",
    ["dgst", "-sha384", "-verify", path("sec1.pub"), "-signature", path("raw"), path("pae")],
    { encoding: "utf8" },
  );
  expect(said).toContain("OK");
});

test("names the entries that changed, and keys are never overwritten", async () => {
  await run("sign", "m.mar", "--key", "k.pem");
  const before = readFileSync(path("k.pem"), "utf8");
  expect(await run("keygen", "-o", "k.pem")).toMatchObject({ exitCode: 2 });
  expect(readFileSync(path("k.pem"), "utf8")).toBe(before);
  writeFileSync(path("h.py"), "def handle(data, context):\n    return None\n");
  const files = ["--handler", path("h.py"), "--extra-files", path("labels.json")];
  await run("archive", "--model-name", "m", "-v", "1", ...files, "--force");
  const verdict = await run("verify-signature", "m.mar", "--key", "k.pem.pub", "--json");
  expect(verdict.exitCode).toBe(1);
  expect(fits("verify-signature", verdict.stdout)).toMatchObject({
    matches: false,
    changed: ["MAR-INF/MANIFEST.json", "h.py"],
    missing: ["weights.bin"],
    added: [],
  });
});

test("a damaged archive is not signed", async () => {
  const bytes = readFileSync(path("m.mar"));
  const at = bytes.indexOf(readFileSync(path("weights.bin")).subarray(0, 64)) + (2 << 20);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path("bad.mar"), bytes);
  const { exitCode, stderr } = await run("sign", "bad.mar", "--key", "k.pem");
  expect(exitCode).toBe(2);
  expect(stderr).toContain("weights.bin");
});

test("another key, a tampered statement, another kind of file", async () => {
  await run("sign", "m.mar", "--key", "k.pem");
  await run("keygen", "-o", "other.pem");
  const other = await run("verify-signature", "m.mar", "--key", "other.pem.pub");
  expect(other).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("another key") });
  const bundle = JSON.parse(readFileSync(path("m.mar.sig"), "utf8"));
  const statement = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString().replace("m.mar", "n.mar");
  bundle.dsseEnvelope.payload = Buffer.from(statement).toString("base64");
  writeFileSync(path("m.mar.sig"), JSON.stringify(bundle));
  const tampered = await run("verify-signature", "m.mar", "--key", "k.pem.pub");
  expect(tampered).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("not right for this key") });
  for (const text of ["", "[]", "{}", '{"mediaType":1}']) {
    writeFileSync(path("m.mar.sig"), text);
    expect(await run("verify-signature", "m.mar", "--key", "k.pem.pub")).toMatchObject({ exitCode: 1 });
  }
  expect(await run("verify-signature", "m.mar", "--key", "k.pem")).toMatchObject({ exitCode: 2 });
});

test("a folder: its own signature inside is left out, links are refused, additions are named", async () => {
  mkdirSync(path("d/a"), { recursive: true });
  mkdirSync(path("d/a-b"));
  cpSync(path("h.py"), path("d/a/x"));
  cpSync(path("h.py"), path("d/a-b/x"));
  expect(await run("sign", "d", "--key", "k.pem", "-o", "d/model.sig")).toMatchObject({ exitCode: 0 });
  const check = ["verify-signature", "d", "--key", "k.pem.pub", "--signature", "d/model.sig"];
  expect(await run(...check)).toMatchObject({ exitCode: 0 });
  writeFileSync(path("d/new"), "");
  expect(await run(...check)).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("added new") });
  symlinkSync("/etc/passwd", path("d/link"));
  expect(await run(...check)).toMatchObject({ exitCode: 2 });
});

test("verify --require-signature is part of the gate", async () => {
  const gate = ["verify", "m.mar", "--static", "--json", "--require-signature", "--key", "k.pem.pub"];
  const failed = async (): Promise<string[]> => {
    const { stdout } = await run(...gate);
    const checks: { id: string; status: string }[] = JSON.parse(stdout).reports[0].checks;
    return checks.filter(({ id, status }) => id.startsWith("signature/") && status === "failed").map(({ id }) => id);
  };
  expect(await failed()).toEqual(["signature/missing"]);
  await run("sign", "m.mar", "--key", "k.pem");
  expect(await failed()).toEqual([]);
  writeFileSync(path("m.mar"), Buffer.concat([readFileSync(path("m.mar")), Buffer.from("x")]));
  expect(await failed()).toEqual(["signature/mismatch"]);
  expect(await run("verify", "m.mar", "--require-signature")).toMatchObject({ exitCode: 2 });
});

test("the bundled command line signs and verifies, too", async () => {
  const bundle = path("cli");
  await bundleCli(bundle);
  symlinkSync(join(import.meta.dirname, "../../../node_modules"), path("node_modules"));
  const program = `require(${JSON.stringify(join(bundle, "main.cjs"))}).main().then((code) => (process.exitCode = code))`;
  writeFileSync(path("cli.cjs"), program);
  const cli = (...argv: string[]) =>
    execFileSync(process.execPath, [path("cli.cjs"), ...argv], { cwd: folder, encoding: "utf8" });
  cli("sign", "m.mar", "--key", "k.pem");
  expect(cli("verify-signature", "m.mar", "--key", "k.pem.pub")).toContain("the signature matches");
});

test("paths sort by their components", () => {
  expect(["a-b/x", "a/x", "a"].toSorted(comparePaths)).toEqual(["a", "a/x", "a-b/x"]);
});
