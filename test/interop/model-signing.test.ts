import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runMain } from "../support/run-main.ts";
import { python as testPython } from "./python.ts";

const python = process.env["MODEL_ARCHIVER_TEST_SIGNING_PYTHON"] ?? testPython;
const there = spawnSync(python, ["-m", "model_signing", "--version"], { encoding: "utf8" });
const lacks = there.status === 0 ? "" : ` (skipped: needs ${python} with model-signing and pyOpenSSL)`;
const tiny = resolve(import.meta.dirname, "../../fixtures/tiny");

let folder = "";
const path = (name: string) => join(folder, name);
const run = (...argv: string[]) => runMain(argv, { cwd: folder });
const theirs = (...argv: string[]) => spawnSync(python, ["-m", "model_signing", ...argv], { encoding: "utf8" });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "model-signing-"));
  writeFileSync(path("h.py"), "def handle(data, context):\n    return data\n");
  const model = ["--serialized-file", join(tiny, "cnn10_static.onnx"), "--handler", path("h.py")];
  await run("archive", "--model-name", "m", "-v", "1", ...model);
  mkdirSync(path("d/a-b"), { recursive: true });
  mkdirSync(path("d/a"));
  mkdirSync(path("d/.git"));
  for (const name of ["d/a/x", "d/a-b/x", "d/é", "d/z.bin", "d/.git/HEAD"]) cpSync(path("h.py"), path(name));
  for (const curve of ["prime256v1", "secp384r1", "secp521r1"]) {
    const key = path(`${curve}.pem`);
    execFileSync("openssl", ["ecparam", "-name", curve, "-genkey", "-noout", "-out", key]);
    execFileSync("openssl", ["ec", "-in", key, "-pubout", "-out", path(`${curve}.pub`)], { stdio: "ignore" });
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A root, an authority between, and a signer; besides, a stranger's root and two that must not be believed. */
function certificates(): void {
  const openssl = (...argv: string[]) => execFileSync("openssl", argv, { cwd: folder, stdio: "ignore" });
  const make = (name: string, issuer: string | null, ...extensions: string[]): void => {
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", `${name}.key`);
    writeFileSync(path(`${name}.ext`), extensions.join("\n"));
    openssl("req", "-new", "-key", `${name}.key`, "-subj", `/CN=${name}`, "-out", `${name}.csr`);
    const by =
      issuer === null
        ? ["-signkey", `${name}.key`]
        : ["-CA", `${issuer}.pem`, "-CAkey", `${issuer}.key`, "-CAcreateserial"];
    openssl(
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      ...by,
      "-days",
      "30",
      "-extfile",
      `${name}.ext`,
      "-out",
      `${name}.pem`,
    );
  };
  const authority = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"];
  const signer = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature"];
  make("root", null, ...authority);
  make("stranger", null, ...authority);
  make("between", "root", ...authority);
  make("leaf", "between", ...signer);
  make("server", "root", "basicConstraints=critical,CA:FALSE", "keyUsage=critical,keyEncipherment");
  make("grandchild", "leaf", ...signer);
  const chain = ["grandchild", "leaf", "between"].map((name) => readFileSync(path(`${name}.pem`), "utf8"));
  writeFileSync(path("grandchild.pem"), chain.join(""));
}

/** What in-toto's and sigstore's own libraries make of an attestation. */
const attestationReader = `
import base64, hashlib, json, sys
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.protobuf.json_format import Parse, ParseDict, MessageToDict
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
bundle, key, model = sys.argv[1:]
text = open(bundle).read()
envelope = json.loads(text)["dsseEnvelope"]
payload = base64.b64decode(envelope["payload"])
pae = Envelope(payload, envelope["payloadType"], {}).pae()
signature = base64.b64decode(envelope["signatures"][0]["sig"])
load_pem_public_key(open(key, "rb").read()).verify(signature, pae, ec.ECDSA(hashes.SHA256()))
statement = Statement.copy_from_pb(Parse(payload, statement_pb2.Statement()))
statement.validate()
[subject] = statement.pb.subject
assert subject.digest["sha256"] == hashlib.sha256(open(model, "rb").read()).hexdigest()
predicate = MessageToDict(statement.pb.predicate)
assert statement.pb.predicate_type == "https://in-toto.io/attestation/test-result/v0.1"
test = ParseDict(predicate, test_result_pb2.TestResult(), ignore_unknown_fields=True)
print(json.dumps({"result": test.result, "passed": list(test.passed_tests), "subject": subject.name}))
`;

describe.skipIf(lacks !== "")(`Python's model-signing${lacks}`, () => {
  test.each(["prime256v1", "secp384r1", "secp521r1"])("verifies ours, and we its, with %s", async (curve) => {
    const key = path(`${curve}.pem`);
    const pub = path(`${curve}.pub`);
    for (const model of ["m.mar", "d"]) {
      const ours = path(`${model}-${curve}.sig`);
      expect(await run("sign", model, "--key", key, "-o", ours)).toMatchObject({ exitCode: 0 });
      const verified = theirs("verify", "key", "--public_key", pub, "--signature", ours, path(model));
      expect(verified.status, verified.stdout + verified.stderr).toBe(0);

      const its = path(`${model}-${curve}.python.sig`);
      const signed = theirs("sign", "key", "--private_key", key, "--signature", its, path(model));
      expect(signed.status, signed.stdout + signed.stderr).toBe(0);
      expect(await run("verify-signature", model, "--key", pub, "--signature", its)).toMatchObject({ exitCode: 0 });
    }
  });

  test("certificates: Python verifies ours, and we its; strangers are not trusted", async () => {
    certificates();
    const [key, leaf] = [path("leaf.key"), path("leaf.pem")];
    const [roots, between] = [path("root.pem"), path("between.pem")];
    writeFileSync(path("chain.pem"), readFileSync(leaf, "utf8") + readFileSync(between, "utf8"));
    expect(await run("sign", "m.mar", "--key", key, "--certificate", "chain.pem", "-o", "ours.sig")).toMatchObject({
      exitCode: 0,
    });
    const verified = theirs(
      "verify",
      "certificate",
      "--certificate_chain",
      roots,
      "--signature",
      path("ours.sig"),
      path("m.mar"),
    );
    expect(verified.status, verified.stdout + verified.stderr).toBe(0);
    const its = path("its.sig");
    const [own, more] = [
      ["--private_key", key, "--signing_certificate", leaf],
      ["--certificate_chain", between],
    ];
    const signed = theirs("sign", "certificate", ...own, ...more, "--signature", its, path("m.mar"));
    expect(signed.status, signed.stdout + signed.stderr).toBe(0);
    const check = ["verify-signature", "m.mar", "--certificate-chain"];
    for (const signature of ["ours.sig", its]) {
      expect(await run(...check, roots, "--signature", signature)).toMatchObject({ exitCode: 0 });
      expect(await run(...check, path("stranger.pem"), "--signature", signature)).toMatchObject({ exitCode: 1 });
    }
    // A certificate that is not for signing, and one that a mere signer issued.
    for (const wrong of ["server", "grandchild"]) {
      const bad = await run(
        "sign",
        "m.mar",
        "--key",
        path(`${wrong}.key`),
        "--certificate",
        `${wrong}.pem`,
        "-o",
        "bad.sig",
      );
      const trusted = bad.exitCode === 0 ? await run(...check, roots, "--signature", "bad.sig") : bad;
      expect(trusted.exitCode).not.toBe(0);
    }
  });

  test("Python's in-toto reads an attestation as a test result, and its signature is right", async () => {
    const key = path("prime256v1.pem");
    const own = ["archive", "--model-name", "tested", "-v", "1", "--handler", "onnx_tensor"];
    await run(...own, "--serialized-file", join(tiny, "cnn10_static.onnx"));
    expect(await run("attest", "tested.mar", "--key", key)).toMatchObject({ exitCode: 0 });
    const files = [path("tested.mar.att"), path("prime256v1.pub"), path("tested.mar")];
    const read = spawnSync(python, ["-c", attestationReader, ...files], { encoding: "utf8" });
    expect(read.status, read.stderr).toBe(0);
    const { result, passed, subject } = JSON.parse(read.stdout);
    expect([result, subject]).toEqual(["WARNED", "tested.mar"]);
    expect(passed).toContain("model/runs");
  });

  test("both find what was changed, in a file and in a folder", async () => {
    const [key, pub] = [path("prime256v1.pem"), path("prime256v1.pub")];
    cpSync(path("d"), path("changed"), { recursive: true });
    cpSync(path("m.mar"), path("changed.mar"));
    for (const model of ["changed", "changed.mar"]) {
      await run("sign", model, "--key", key, "-o", `${model}.ours`);
      theirs("sign", "key", "--private_key", key, "--signature", path(`${model}.its`), path(model));
    }
    appendFileSync(path("changed/a/x"), "#");
    appendFileSync(path("changed.mar"), "#");
    for (const model of ["changed", "changed.mar"]) {
      for (const signature of [path(`${model}.ours`), path(`${model}.its`)]) {
        expect(theirs("verify", "key", "--public_key", pub, "--signature", signature, path(model)).status).toBe(1);
        const verdict = await run("verify-signature", model, "--key", pub, "--signature", signature);
        expect(verdict).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("changed") });
      }
    }
    expect((await run("verify-signature", "changed", "--key", pub, "--signature", "changed.its")).stdout).toContain(
      "changed a/x",
    );
  });
});
