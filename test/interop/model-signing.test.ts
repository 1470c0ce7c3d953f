import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
