import { execFileSync, spawnSync } from "node:child_process";
import { createCipheriv, createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pull } from "../../src/oci/pull.ts";
import { push } from "../../src/oci/push.ts";
import { runMain } from "../support/run-main.ts";
import { lacksProgram } from "./python.ts";
import { RealRegistry, registryPrograms } from "./real-registry.ts";

const tiny = resolve(import.meta.dirname, "../../fixtures/tiny");
const clients = ["oras", "crane", "skopeo"].filter((name) => lacksProgram(name) === null);

let folder = "";
const path = (name: string) => join(folder, name);
const run = (...argv: string[]) => runMain(argv, { cwd: folder, env: { DOCKER_CONFIG: folder } });
const same = (a: string, b: string) => readFileSync(path(a)).equals(readFileSync(path(b)));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "shipped-"));
  process.env["XDG_STATE_HOME"] = path("state");
  writeFileSync(path("h.py"), "def handle(data, context):\n    return data\n");
  const model = ["--serialized-file", join(tiny, "cnn10_static.onnx"), "--handler", path("h.py")];
  await run("archive", "--model-name", "m", "-v", "1", ...model);
  await run("keygen", "-o", "k.pem");
  await run("sign", "m.mar", "--key", "k.pem");
  await run("attest", "m.mar", "--key", "k.pem");
  await run("bom", "m.mar", "-o", "m.mar.cdx.json");
  const stream = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16));
  writeFileSync(path("weights.bin"), stream.update(Buffer.alloc(5_000_017)));
  for (const name of ["large", "cut"]) {
    await run("archive", "--model-name", name, "-v", "1", "--handler", "h.py", "--extra-files", "weights.bin");
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  delete process.env["XDG_STATE_HOME"];
});

describe.each(registryPrograms)("%s as a registry", (program) => {
  const lacks = lacksProgram(program);
  let registry: RealRegistry;
  const reference = (tag: string) => `oci://${registry.host}/team/model:${tag}`;
  beforeAll(async () => {
    if (lacks === null) registry = await RealRegistry.start(program);
  });
  afterAll(() => registry?.[Symbol.dispose]());

  test.skipIf(lacks)(`takes an archive whole and unpacked, and all that hangs on it ${lacks ?? ""}`, async () => {
    for (const [tag, more] of [
      ["whole", []],
      ["unpacked", ["--unpacked"]],
    ] as const) {
      const pushed = await run("push", "m.mar", reference(tag), "--plain-http", "--json", ...more);
      expect(pushed.exitCode, pushed.stdout).toBe(0);
      const inspected = await run("inspect", reference(tag), "--plain-http", "--json");
      expect(JSON.parse(inspected.stdout)).toMatchObject({
        manifest: { model: { modelName: "m" } },
        model: { file: "cnn10_static.onnx", format: "onnx" },
      });
      const gate = ["--require-signature", "--require-attestation", "--key", "k.pem.pub"];
      const pulled = await run("pull", reference(tag), "--plain-http", ...gate, "-o", `${program}-${tag}/`);
      expect(pulled.exitCode, pulled.stdout + pulled.stderr).toBe(0);
      for (const suffix of ["", ".sig", ".att", ".cdx.json"]) {
        expect(same(`${program}-${tag}/m.mar${suffix}`, `m.mar${suffix}`)).toBe(true);
      }
      const again = await run("push", "m.mar", reference(tag), "--plain-http", "--json", ...more);
      expect(JSON.parse(again.stdout)).toMatchObject({ sent: 0, digest: JSON.parse(pushed.stdout).digest });
      const files = ["--include", "*.py", "-o", `${program}-files-${tag}`];
      expect(await run("pull", reference(tag), "--plain-http", ...files)).toMatchObject({ exitCode: 0 });
      expect(same(`${program}-files-${tag}/h.py`, "h.py")).toBe(true);
    }
    const verify = ["verify", reference("whole"), "--plain-http", "--static", "--quiet"];
    expect(await run(...verify, "--require-signature", "--key", "k.pem.pub")).toMatchObject({ exitCode: 0 });
  });

  test.skipIf(lacks)(`mounts a layer of another repository; what is not signed is refused ${lacks ?? ""}`, async () => {
    await run("push", "large.mar", reference("large"), "--plain-http");
    const elsewhere = `oci://${registry.host}/other/model:1`;
    const mounted = JSON.parse((await run("push", "large.mar", elsewhere, "--plain-http", "--json")).stdout);
    expect(mounted.sent).toBeLessThan(1000);
    expect(mounted.skipped).toBeGreaterThan(5_000_000);
    const gate = ["--require-signature", "--key", "k.pem.pub", "-o", `${program}.mar`];
    expect(await run("pull", elsewhere, "--plain-http", ...gate)).toMatchObject({ exitCode: 1 });
    expect(await run("pull", elsewhere, "--plain-http", "-o", `${program}.mar`)).toMatchObject({ exitCode: 0 });
    expect(same(`${program}.mar`, "large.mar")).toBe(true);
  });

  test.skipIf(lacks)(`an interrupted push and an interrupted pull go on ${lacks ?? ""}`, async () => {
    const target = `oci://${registry.host}/cut/model:1`;
    const settings = { env: {}, plainHttp: "loopback" as const, chunk: 1 << 20, retry: { attempts: 4, base: 10 } };
    const stopped = (after: number) => {
      const stop = new AbortController();
      return { ...settings, signal: stop.signal, onBytes: (done: number) => done > after && stop.abort() };
    };
    const file = path("cut.mar");
    await expect(push(file, target, stopped(2_500_000))).rejects.toMatchObject({ code: "interrupted" });
    const steps: number[] = [];
    let before = 0;
    const onBytes = (done: number): void => void (steps.push(done - before), (before = done));
    await push(file, target, { ...settings, onBytes });
    // crane's registry does not tell how far an upload came: there it begins again.
    expect(steps.includes(3 << 20)).toBe(program === "docker-registry");
    const output = path(`${program}-cut.mar`);
    const cut = pull(target, { ...stopped(2_000_000), output });
    await expect(cut).rejects.toMatchObject({ code: "interrupted" });
    let taken: number | undefined;
    await pull(target, { ...settings, output, onBytes: (done) => (taken ??= done) });
    expect(taken).toBeGreaterThan(2_000_000);
    expect(same(`${program}-cut.mar`, "cut.mar")).toBe(true);
  });
});

const lacks = lacksProgram("docker-registry");

describe.skipIf(lacks !== null)(`docker-registry and other clients${lacks === null ? "" : ` (${lacks})`}`, () => {
  let registry: RealRegistry;
  const reference = (tag: string) => `oci://${registry.host}/team/model:${tag}`;
  beforeAll(async () => (registry = await RealRegistry.start("docker-registry")));
  afterAll(() => registry?.[Symbol.dispose]());

  test.skipIf(!clients.includes("oras"))("oras pulls the same files (skipped: needs oras)", async () => {
    await run("push", "m.mar", reference("oras"), "--plain-http");
    const image = reference("oras").slice(6);
    const output = path("from-oras");
    execFileSync("oras", ["pull", "--plain-http", "-o", output, image]);
    expect(same("from-oras/m.mar", "m.mar")).toBe(true);
    const found = spawnSync("oras", ["discover", "--plain-http", "--format", "json", image], { encoding: "utf8" });
    const referrers: { reference: string; artifactType: string }[] = JSON.parse(found.stdout).referrers;
    expect(referrers.map(({ artifactType }) => artifactType).toSorted()).toEqual([
      "application/vnd.cyclonedx+json",
      "application/vnd.dev.sigstore.bundle.v0.3+json",
      "application/vnd.dev.sigstore.bundle.v0.3+json",
    ]);
    for (const one of referrers) execFileSync("oras", ["pull", "--plain-http", "-o", output, one.reference]);
    for (const suffix of [".sig", ".att", ".cdx.json"]) {
      expect(same(`from-oras/m.mar${suffix}`, `m.mar${suffix}`)).toBe(true);
    }
  });

  test.skipIf(!clients.includes("oras"))("what oras pushed is pulled, too (skipped: needs oras)", async () => {
    const image = reference("by-oras").slice(6);
    execFileSync("oras", ["push", "--plain-http", image, "m.mar"], { cwd: folder });
    const type = "application/vnd.dev.sigstore.bundle.v0.3+json";
    const attached = ["attach", "--plain-http", "--artifact-type", type, image, `m.mar.sig:${type}`];
    execFileSync("oras", attached, { cwd: folder });
    const gate = ["--require-signature", "--key", "k.pem.pub", "-o", "by-oras.mar"];
    expect(await run("pull", reference("by-oras"), "--plain-http", ...gate)).toMatchObject({ exitCode: 0 });
    expect(same("by-oras.mar", "m.mar")).toBe(true);
  });

  test.skipIf(!clients.includes("skopeo"))("skopeo reads the same manifest (skipped: needs skopeo)", async () => {
    const { stdout } = await run("push", "m.mar", reference("skopeo"), "--plain-http", "--json");
    const image = `docker://${reference("skopeo").slice(6)}`;
    const raw = execFileSync("skopeo", ["inspect", "--raw", "--tls-verify=false", image]);
    expect(`sha256:${createHash("sha256").update(raw).digest("hex")}`).toBe(JSON.parse(stdout).digest);
  });

  test.skipIf(!clients.includes("crane"))("crane finds the layers sound (skipped: needs crane)", async () => {
    await run("push", "m.mar", reference("crane"), "--plain-http", "--unpacked");
    const manifest = execFileSync("crane", ["manifest", "--insecure", reference("crane").slice(6)]);
    const [layer] = JSON.parse(manifest.toString()).layers;
    const bytes = execFileSync("crane", ["blob", "--insecure", `${registry.host}/team/model@${layer.digest}`]);
    expect(`sha256:${createHash("sha256").update(bytes).digest("hex")}`).toBe(layer.digest);
  });

  test("a store is synced, side by side, to repositories that others list", { timeout: 60_000 }, async () => {
    mkdirSync(path("store"));
    const model = ["--serialized-file", join(tiny, "cnn10_static.onnx"), "--handler", path("h.py")];
    for (const name of ["one", "two", "three", "four"]) {
      await run("archive", "--model-name", name, "-v", "1", ...model, "--export-path", path("store"));
    }
    const prefix = `oci://${registry.host}/fleet`;
    expect((await run("sync", "store", prefix, "--plain-http")).stdout).toContain("4 archives, 0 unchanged");
    expect((await run("sync", "store", prefix, "--plain-http")).stdout).toContain("4 archives, 4 unchanged, 0 B sent");
    expect((await run("sync", prefix, "copy", "--plain-http")).stdout).toContain("4 archives, 0 unchanged");
    for (const name of readdirSync(path("store"))) {
      expect(readFileSync(path(join("copy", name))).equals(readFileSync(path(join("store", name))))).toBe(true);
    }
    const catalog = await (await fetch(`http://${registry.host}/v2/_catalog`)).json();
    expect(catalog).toMatchObject({
      repositories: expect.arrayContaining(["fleet", "fleet/one", "fleet/two", "fleet/three", "fleet/four"]),
    });
    await run("pull", `${prefix}/two:1`, "--plain-http", "-o", "two.mar");
    expect(readFileSync(path("two.mar")).equals(readFileSync(path("store/two.mar")))).toBe(true);
  });
});
