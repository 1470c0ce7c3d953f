import { createCipheriv } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runMain } from "../../support/run-main.ts";
import { FaultRegistry } from "./fault-registry.ts";

let folder = "";
let registry = new FaultRegistry();
const path = (name: string) => join(folder, name);
const run = (...argv: string[]) => runMain(argv, { cwd: folder, env: { DOCKER_CONFIG: folder } });
const reference = () => `oci://${registry.host}/m:1`;
const pull = (...more: string[]) => run("pull", reference(), "--plain-http", "-o", "files", "--json", ...more);
const text = (name: string) => readFileSync(path(name), "utf8");

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "pull-files-"));
  registry = new FaultRegistry();
  await registry.start();
  const stream = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16));
  writeFileSync(path("weights.bin"), stream.update(Buffer.alloc((12 << 20) + 17)));
  writeFileSync(path("h.py"), "def handle(data, context):\n    return data\n");
  writeFileSync(path("labels.json"), `{${Array.from({ length: 300 }, (_, i) => `"${i}": "label ${i}"`).join()}}`);
  const files = ["--handler", "h.py", "--extra-files", "weights.bin,src/labels.json=labels.json"];
  await run("archive", "--model-name", "m", "-v", "1", ...files);
  await run("keygen", "-o", "k.pem");
  await run("sign", "m.mar", "--key", "k.pem");
});
afterEach(async () => {
  await registry.stop();
  rmSync(folder, { recursive: true, force: true });
});

test.each([[[]], [["--unpacked"]]])("pushed %j, single files come without the rest", async (more) => {
  await run("push", "m.mar", reference(), "--plain-http", ...more);
  registry.served = 0;
  const pulled = await pull("--include", "h.py", "--include", "*.json");
  expect(pulled.exitCode, pulled.stdout).toBe(0);
  const schema = JSON.parse(readFileSync(resolve("schema/pull.schema.json"), "utf8"));
  const validate = new Ajv2020({ strict: false }).compile(schema);
  expect(validate(JSON.parse(pulled.stdout)), JSON.stringify(validate.errors)).toBe(true);
  expect(text("files/h.py")).toBe(text("h.py"));
  expect(text("files/src/labels.json")).toBe(text("labels.json"));
  expect(existsSync(path("files/MAR-INF/MANIFEST.json"))).toBe(true);
  expect(registry.served).toBeLessThan(1 << 20);
  expect(await pull("--include", "h.py")).toMatchObject({ exitCode: 2 });
  expect(await pull("--include", "h.py", "--force")).toMatchObject({ exitCode: 0 });
  expect(await pull("--include", "missing.py")).toMatchObject({ exitCode: 2 });
  expect(await pull("--include", "*.onnx")).toMatchObject({ exitCode: 2 });
});

test("a large file comes in few requests", async () => {
  await run("push", "m.mar", reference(), "--plain-http");
  registry.log.length = 0;
  expect(await pull("--include", "weights.bin")).toMatchObject({ exitCode: 0 });
  expect(readFileSync(path("files/weights.bin")).equals(readFileSync(path("weights.bin")))).toBe(true);
  expect(registry.log.filter((line) => line.includes("/blobs/")).length).toBeLessThan(15);
});

test("with a signature required, it vouches for each file", async () => {
  await run("push", "m.mar", reference(), "--plain-http");
  const gate = ["--include", "h.py", "--require-signature", "--key"];
  expect(await pull(...gate, "k.pem.pub")).toMatchObject({ exitCode: 0 });
  await run("keygen", "-o", "other.pem");
  const other = await pull(...gate, "other.pem.pub", "--force");
  expect(other).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("another key") });
  const attested = ["--include", "h.py", "--require-attestation", "--key", "k.pem.pub"];
  expect(await pull(...attested)).toMatchObject({ exitCode: 2 });
});

test("other bytes than were pushed are refused, whoever sends them", async () => {
  await run("push", "m.mar", reference(), "--plain-http");
  const whole = [...registry.blobs].find(([, bytes]) => bytes.length > 12 << 20) ?? ["", Buffer.alloc(0)];
  const evil = Buffer.from(whole[1]);
  evil.write("return None", evil.indexOf("return data"));
  registry.blobs.set(whole[0], evil);
  for (const more of [[], ["--require-signature", "--key", "k.pem.pub"]]) {
    const pulled = await pull("--include", "h.py", ...more);
    expect(pulled.exitCode, pulled.stdout).toBe(1);
    expect(readdirSync(path("files"))).toEqual([]);
  }
});

test("what nothing vouches for is fetched whole or not at all", async () => {
  await run("archive", "--model-name", "t", "-v", "1", "--handler", "h.py", "--archive-format", "tgz");
  await run("push", "t.tar.gz", reference(), "--plain-http");
  expect(await pull("--include", "h.py")).toMatchObject({ exitCode: 2, stdout: expect.stringContaining("no ZIP") });
  await run("push", "m.mar", reference(), "--plain-http");
  const manifest = JSON.parse(registry.manifests.get("1")?.bytes.toString() ?? "");
  delete manifest.annotations["org.model-archiver.manifest.digest"];
  const type = "application/vnd.oci.image.manifest.v1+json";
  registry.manifests.set("1", { bytes: Buffer.from(JSON.stringify(manifest)), type });
  const pulled = await pull("--include", "h.py");
  expect(pulled).toMatchObject({ exitCode: 2, stdout: expect.stringContaining("without --include") });
});

test("an archive that is not safe to unpack writes nothing", async () => {
  const bytes = readFileSync(path("m.mar"));
  for (let at = bytes.indexOf("src/labels.json"); at >= 0; at = bytes.indexOf("src/labels.json")) {
    bytes.write("../../evil.json", at);
  }
  writeFileSync(path("m.mar"), bytes);
  rmSync(path("m.mar.sig"));
  await run("push", "m.mar", reference(), "--plain-http");
  const pulled = await pull("--include", "*");
  expect(pulled.exitCode, pulled.stdout).toBe(1);
  expect(pulled.stdout).toContain("archive/path-traversal");
  expect(existsSync(path("../evil.json"))).toBe(false);
  expect(existsSync(path("files"))).toBe(false);
});
