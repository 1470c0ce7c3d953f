import { createCipheriv } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "artifact-"));
  process.env["XDG_STATE_HOME"] = path("state");
  registry = new FaultRegistry();
  await registry.start();
  const stream = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16));
  writeFileSync(path("weights.bin"), stream.update(Buffer.alloc(3_000_017)));
  const model = ["--serialized-file", join(tiny, "cnn10_static.onnx"), "--handler", "onnx_tensor"];
  await run("archive", "--model-name", "m", "-v", "1.2", ...model, "--extra-files", "weights.bin");
});
afterEach(async () => {
  await registry.stop();
  rmSync(folder, { recursive: true, force: true });
  delete process.env["XDG_STATE_HOME"];
});

// https://github.com/modelpack/model-spec/blob/v0.0.7/docs/spec.md
test("an artifact is a ModelPack that modctl restores by its annotations and oras by its titles", async () => {
  await run("push", "m.mar", reference(), "--plain-http", "--unpacked");
  const manifest = JSON.parse(registry.manifests.get("1")?.bytes.toString() ?? "");
  expect(manifest).toMatchObject({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    artifactType: "application/vnd.cncf.model.manifest.v1+json",
    config: { mediaType: "application/vnd.cncf.model.config.v1+json" },
  });
  const rows: { mediaType: string; digest: string; size: number; annotations: Record<string, string> }[] =
    manifest.layers;
  for (const { mediaType, size, annotations } of rows) {
    const name = annotations["org.cncf.model.filepath"] ?? "";
    expect(annotations["org.opencontainers.image.title"]).toBe(name);
    expect(mediaType).toMatch(/^application\/vnd\.cncf\.model\.(?:weight|weight\.config|doc|code)\.v1\.raw$/u);
    const facts = { name: name.split("/").at(-1), size, mode: 0o644, uid: 0, gid: 0, typeflag: 0 };
    expect(JSON.parse(annotations["org.cncf.model.file.metadata+json"] ?? "")).toMatchObject(facts);
  }
  const config = JSON.parse(registry.blobs.get(manifest.config.digest)?.toString() ?? "");
  expect(Object.keys(config).toSorted()).toEqual(["config", "descriptor", "modelfs"]);
  expect(config).toMatchObject({ descriptor: { name: "m", version: "1.2" }, config: { format: "onnx" } });
  expect(config.modelfs).toEqual({ type: "layers", diffIds: rows.map(({ digest }) => digest) });
});

test("inspect reads manifest and model headers by range", async () => {
  await run("push", "m.mar", reference(), "--plain-http");
  registry.served = 0;
  const { stdout } = await run("inspect", reference(), "--plain-http", "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    model: { format: "onnx", signature: { inputs: [{ dtype: "float32" }] } },
  });
  expect(registry.served).toBeLessThan(500_000);
});

test("a registry that knows referrers gets no index under a tag", async () => {
  await run("keygen", "-o", "k.pem");
  await run("sign", "m.mar", "--key", "k.pem");
  registry.knowsReferrers = true;
  await run("push", "m.mar", reference(), "--plain-http");
  expect([...registry.manifests.keys()].filter((name) => name.startsWith("sha256-"))).toEqual([]);
  const gate = ["--require-signature", "--key", "k.pem.pub", "-o", "p.mar"];
  expect(await run("pull", reference(), "--plain-http", ...gate)).toMatchObject({ exitCode: 0 });
  expect(readFileSync(path("p.mar.sig")).equals(readFileSync(path("m.mar.sig")))).toBe(true);
});
