import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runMain } from "../support/run-main.ts";
import { lacksProgram, python } from "./python.ts";
import { RealRegistry } from "./real-registry.ts";
import { lacksTorchServe, TorchServe } from "./torchserve.ts";

const signingPython = process.env["MODEL_ARCHIVER_TEST_SIGNING_PYTHON"] ?? python;
const lacks = lacksProgram("docker-registry") ?? lacksTorchServe();
const lacksSigning =
  spawnSync(signingPython, ["-m", "model_signing", "--version"]).status === 0 ? "" : " (skipped: needs model-signing)";
const fixture = (name: string) => join("fixtures/efficientnet-lite0", name);

let folder = "";
let registry: RealRegistry;
const path = (name: string) => join(folder, name);
/** A command in one of the two folders; it must end well. */
async function run(from: "here" | "there", ...argv: string[]): Promise<void> {
  const { exitCode, stdout, stderr } = await runMain(argv, { cwd: path(from), env: { DOCKER_CONFIG: folder } });
  expect(exitCode, `${argv.join(" ")}\n${stdout}${stderr}`).toBe(0);
}

describe.skipIf(lacks)(`from one folder to another, through a registry ${lacks ?? ""}`, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "two-folders-"));
    registry = await RealRegistry.start("docker-registry");
    const target = `oci://${registry.host}/models/lite0:1.0`;
    for (const name of ["here", "there"]) mkdirSync(path(name));
    for (const name of ["model.onnx", "index_to_name.json", "onnx_handler.py"])
      cpSync(fixture(name), path(`here/${name}`));
    await run("here", "init", path("here"));
    await run("here", "archive", "--model-name", "lite0");
    await run("here", "verify", "lite0.mar");
    await run("here", "keygen", "-o", "release.pem");
    await run("here", "sign", "lite0.mar", "--key", "release.pem");
    await run("here", "push", "lite0.mar", target, "--plain-http");
    cpSync(path("here/release.pem.pub"), path("there/release.pem.pub"));
    const gate = ["--require-signature", "--key", "release.pem.pub"];
    await run("there", "pull", target, "--plain-http", ...gate, "-o", "model_store/");
  }, 120_000);
  afterAll(() => {
    registry?.[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  test("the same bytes arrive", () => {
    expect(readFileSync(path("there/model_store/lite0.mar")).equals(readFileSync(path("here/lite0.mar")))).toBe(true);
  });

  test("TorchServe serves them", async () => {
    await using server = await TorchServe.start();
    const registered = await server.register(path("there/model_store/lite0.mar"));
    expect(registered, server.why().join("\n")).toMatchObject({ status: 200 });
    const { status, body } = await server.predict("lite0", readFileSync(fixture("cat.jpg")));
    expect(status, body).toBe(200);
    const golden = JSON.parse(readFileSync(fixture("golden.json"), "utf8")).images["cat.jpg"];
    expect(Object.keys(JSON.parse(body))[0]).toBe(golden[0].label);
  });

  test.skipIf(lacksSigning)(`Python's model-signing accepts the signature${lacksSigning}`, () => {
    const model = path("there/model_store/lite0.mar");
    const files = ["--public_key", path("there/release.pem.pub"), "--signature", `${model}.sig`];
    const verified = spawnSync(signingPython, ["-m", "model_signing", "verify", "key", ...files, model]);
    expect(verified.status, verified.stderr.toString()).toBe(0);
  });
});
