import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runMain } from "../support/run-main.ts";
import { lacksProgram } from "./python.ts";

const lacks = lacksProgram("docker-registry");
const tiny = resolve(import.meta.dirname, "../../fixtures/tiny");
const clients = ["oras", "crane", "skopeo"].filter((name) => lacksProgram(name) === null);

let folder = "";
let port = 0;
let server: ChildProcess | undefined;
const path = (name: string) => join(folder, name);
const run = (...argv: string[]) => runMain(argv, { cwd: folder, env: { DOCKER_CONFIG: folder } });
const reference = (tag: string) => `oci://127.0.0.1:${port}/team/model:${tag}`;

beforeAll(async () => {
  if (lacks !== null) return;
  folder = mkdtempSync(join(tmpdir(), "registry-"));
  port = await freePort();
  const config = {
    version: "0.1",
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: path("storage") } },
    http: { addr: `127.0.0.1:${port}` },
  };
  writeFileSync(path("registry.yml"), JSON.stringify(config));
  server = spawn("docker-registry", ["serve", path("registry.yml")], { stdio: "ignore" });
  await answers();
  writeFileSync(path("h.py"), "def handle(data, context):\n    return data\n");
  const model = ["--serialized-file", join(tiny, "cnn10_static.onnx"), "--handler", path("h.py")];
  await run("archive", "--model-name", "m", "-v", "1", ...model);
  await run("keygen", "-o", "k.pem");
  await run("sign", "m.mar", "--key", "k.pem");
});
afterAll(() => {
  server?.kill();
  if (folder !== "") rmSync(folder, { recursive: true, force: true });
});

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => done(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

async function answers(): Promise<void> {
  for (let i = 0; i < 100; i += 1) {
    const response = await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => null);
    if (response?.ok) return;
    await sleep(100);
  }
  throw new Error("docker-registry does not answer");
}

describe.skipIf(lacks !== null)(`docker-registry${lacks === null ? "" : ` (${lacks})`}`, () => {
  test.each([[[]], [["--unpacked"]]])("push %j, inspect, pull with the signature required", async (more) => {
    const tag = more.length === 0 ? "whole" : "unpacked";
    const pushed = await run("push", "m.mar", reference(tag), "--plain-http", "--json", ...more);
    expect(pushed.exitCode, pushed.stdout).toBe(0);
    const inspected = await run("inspect", reference(tag), "--plain-http", "--json");
    expect(JSON.parse(inspected.stdout)).toMatchObject({
      manifest: { model: { modelName: "m" } },
      model: { file: "cnn10_static.onnx", format: "onnx" },
    });
    const gate = ["--require-signature", "--key", "k.pem.pub", "-o", `${tag}.mar`];
    const pulled = await run("pull", reference(tag), "--plain-http", ...gate);
    expect(pulled.exitCode, pulled.stdout + pulled.stderr).toBe(0);
    expect(readFileSync(path(`${tag}.mar`)).equals(readFileSync(path("m.mar")))).toBe(true);
    const again = await run("push", "m.mar", reference(tag), "--plain-http", "--json", ...more);
    expect(JSON.parse(again.stdout)).toMatchObject({ sent: 0, digest: JSON.parse(pushed.stdout).digest });
  });

  test("an archive without a signature is refused where one is required", async () => {
    await run("archive", "--model-name", "n", "-v", "1", "--handler", path("h.py"));
    await run("push", "n.mar", reference("unsigned"), "--plain-http");
    const gate = ["--require-signature", "--key", "k.pem.pub", "-o", "n2.mar"];
    expect(await run("pull", reference("unsigned"), "--plain-http", ...gate)).toMatchObject({ exitCode: 1 });
  });

  test.skipIf(!clients.includes("oras"))("oras pulls the same file (skipped: needs oras)", async () => {
    await run("push", "m.mar", reference("oras"), "--plain-http");
    const output = path("from-oras");
    execFileSync("oras", ["pull", "--plain-http", "-o", output, reference("oras").slice(6)]);
    expect(readFileSync(join(output, "m.mar")).equals(readFileSync(path("m.mar")))).toBe(true);
    const found = spawnSync("oras", ["discover", "--plain-http", reference("oras").slice(6)], { encoding: "utf8" });
    expect(found.stdout).toContain("sigstore.bundle");
  });

  test.skipIf(!clients.includes("oras"))("what oras pushed is pulled, too (skipped: needs oras)", async () => {
    execFileSync("oras", ["push", "--plain-http", reference("by-oras").slice(6), "m.mar"], { cwd: folder });
    expect(await run("pull", reference("by-oras"), "--plain-http", "-o", "by-oras.mar")).toMatchObject({ exitCode: 0 });
    expect(readFileSync(path("by-oras.mar")).equals(readFileSync(path("m.mar")))).toBe(true);
  });

  test.skipIf(!clients.includes("skopeo"))("skopeo reads the same manifest (skipped: needs skopeo)", async () => {
    const { stdout } = await run("push", "m.mar", reference("skopeo"), "--plain-http", "--json");
    const image = `docker://${reference("skopeo").slice(6)}`;
    const raw = execFileSync("skopeo", ["inspect", "--raw", "--tls-verify=false", image]);
    expect(`sha256:${createHash("sha256").update(raw).digest("hex")}`).toBe(JSON.parse(stdout).digest);
  });

  test.skipIf(!clients.includes("crane"))("crane finds the layers sound (skipped: needs crane)", async () => {
    await run("push", "m.mar", reference("crane"), "--plain-http", "--unpacked");
    const blob = JSON.parse(
      execFileSync("crane", ["manifest", "--insecure", reference("crane").slice(6)], { encoding: "utf8" }),
    );
    const [layer] = blob.layers;
    const bytes = execFileSync("crane", ["blob", "--insecure", `127.0.0.1:${port}/team/model@${layer.digest}`]);
    expect(`sha256:${createHash("sha256").update(bytes).digest("hex")}`).toBe(layer.digest);
  });

  test("a store is synced, side by side, to repositories that others list", { timeout: 60_000 }, async () => {
    mkdirSync(path("store"));
    const model = ["--serialized-file", join(tiny, "cnn10_static.onnx"), "--handler", path("h.py")];
    for (const name of ["one", "two", "three", "four"]) {
      await run("archive", "--model-name", name, "-v", "1", ...model, "--export-path", path("store"));
    }
    const prefix = `oci://127.0.0.1:${port}/fleet`;
    expect((await run("sync", "store", prefix, "--plain-http")).stdout).toContain("4 archives, 0 unchanged");
    expect((await run("sync", "store", prefix, "--plain-http")).stdout).toContain("4 archives, 4 unchanged, 0 B sent");
    expect((await run("sync", prefix, "copy", "--plain-http")).stdout).toContain("4 archives, 0 unchanged");
    for (const name of readdirSync(path("store"))) {
      expect(readFileSync(path(join("copy", name))).equals(readFileSync(path(join("store", name))))).toBe(true);
    }
    const catalog = await (await fetch(`http://127.0.0.1:${port}/v2/_catalog`)).json();
    expect(catalog).toMatchObject({
      repositories: expect.arrayContaining(["fleet", "fleet/one", "fleet/two", "fleet/three", "fleet/four"]),
    });
    await run("pull", `${prefix}/two:1`, "--plain-http", "-o", "two.mar");
    expect(readFileSync(path("two.mar")).equals(readFileSync(path("store/two.mar")))).toBe(true);
  });
});
