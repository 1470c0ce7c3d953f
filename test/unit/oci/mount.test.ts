import { createCipheriv } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pull } from "../../../src/oci/pull.ts";
import { push, type Pushed, type PushOptions } from "../../../src/oci/push.ts";
import { runMain } from "../../support/run-main.ts";
import { FaultRegistry } from "./fault-registry.ts";

let folder = "";
let registry = new FaultRegistry();
const path = (name: string) => join(folder, name);
const settings = () => ({
  env: { DOCKER_CONFIG: folder },
  plainHttp: "loopback" as const,
  retry: { attempts: 4, base: 1 },
  chunk: 1 << 20,
});
const pushTo = (repository: string, more: Partial<PushOptions> = {}): Promise<Pushed> =>
  push(path("m.mar"), `oci://${registry.host}/${repository}:1`, { ...settings(), ...more });
const uploads = () => registry.log.filter((line) => /^(?:PATCH|PUT) \S*uploads/u.test(line));

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "mount-"));
  process.env["XDG_STATE_HOME"] = path("state");
  registry = new FaultRegistry();
  await registry.start();
  const stream = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16));
  writeFileSync(path("weights.bin"), stream.update(Buffer.alloc((3 << 20) + 17)));
  writeFileSync(path("h.py"), "def handle(data, context):\n    return data\n");
  const files = ["--handler", "h.py", "--extra-files", "weights.bin"];
  await runMain(["archive", "--model-name", "m", "-v", "1", ...files], { cwd: folder });
});
afterEach(async () => {
  await registry.stop();
  rmSync(folder, { recursive: true, force: true });
  delete process.env["XDG_STATE_HOME"];
});

async function comesBack(repository: string): Promise<void> {
  const output = path(`${repository}.mar`);
  await pull(`oci://${registry.host}/${repository}:1`, { ...settings(), output });
  expect(readFileSync(output).equals(readFileSync(path("m.mar")))).toBe(true);
}

test("a blob that another repository has is not sent again: the push before remembers where it is", async () => {
  await pushTo("m");
  registry.log.length = 0;
  const { sent, skipped } = await pushTo("n");
  expect(sent).toBeLessThan(10_000);
  expect(skipped).toBeGreaterThan(3 << 20);
  expect(uploads().length).toBe(1); // The config.
  await comesBack("n");
});

test("--mount-from names the repository where nothing is remembered", async () => {
  await pushTo("m");
  process.env["XDG_STATE_HOME"] = path("fresh");
  expect((await pushTo("n", { mountFrom: "m" })).sent).toBeLessThan(10_000);
  await comesBack("n");
  await expect(pushTo("o", { mountFrom: "../m" })).rejects.toMatchObject({ code: "usage" });
});

test.each(["not given", "refused"] as const)("a blob that is %s is sent", async (mounts) => {
  await pushTo("m");
  registry.mounts = mounts;
  registry.log.length = 0;
  expect((await pushTo("n")).sent).toBeGreaterThan(3 << 20);
  // An upload that the registry began instead is the one that is used.
  expect(registry.log.filter((line) => line.startsWith("POST")).length).toBe(mounts === "refused" ? 3 : 2);
  await comesBack("n");
});

test("a request to mount that fails is made again; in the end the blob is sent", async () => {
  await pushTo("m");
  const fault = { method: "POST", path: /\/n\/blobs\/uploads/, kind: 500 } as const;
  registry.faults.push(fault, fault);
  expect((await pushTo("n")).sent).toBeLessThan(10_000);
  expect(registry.faults).toEqual([]);
  const always = { ...fault, path: /\/o\/blobs\/uploads/, mount: true };
  registry.faults.push(always, always, always);
  expect((await pushTo("o")).sent).toBeGreaterThan(3 << 20);
  expect(registry.faults).toEqual([]);
  await comesBack("o");
});
