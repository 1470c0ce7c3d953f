import { createCipheriv } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pull, type PullOptions } from "../../../src/oci/pull.ts";
import { push } from "../../../src/oci/push.ts";
import { runMain } from "../../support/run-main.ts";
import { FaultRegistry } from "./fault-registry.ts";

let folder = "";
let registry = new FaultRegistry();
const path = (name: string) => join(folder, name);
const reference = (tag: string) => `oci://${registry.host}/m:${tag}`;
const settings = () => ({
  env: { DOCKER_CONFIG: folder },
  plainHttp: "loopback" as const,
  retry: { attempts: 3, base: 1 },
});
const fetched = (tag: string, more: Partial<PullOptions> = {}) =>
  pull(reference(tag), { ...settings(), output: path("p.mar"), ...more });
const same = () => readFileSync(path("p.mar")).equals(readFileSync(path("m.mar")));
const blobs = () => registry.log.filter((line) => line.startsWith("GET /v2/m/blobs/"));

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "download-"));
  process.env["XDG_STATE_HOME"] = path("state");
  registry = new FaultRegistry();
  await registry.start();
  writeFileSync(path("h.py"), "def handle(data, context):\n    return data\n");
  for (let i = 0; i < 6; i += 1) {
    const stream = createCipheriv("aes-128-ctr", Buffer.alloc(16, i), Buffer.alloc(16));
    writeFileSync(path(`w${i}.bin`), stream.update(Buffer.alloc(400_000 + i)));
  }
  const files = Array.from({ length: 6 }, (_, i) => `w${i}.bin`).join();
  await runMain(["archive", "--model-name", "m", "-v", "1", "--handler", "h.py", "--extra-files", files], {
    cwd: folder,
  });
  await push(path("m.mar"), reference("whole"), settings());
  await push(path("m.mar"), reference("unpacked"), { ...settings(), unpacked: true });
  registry.log.length = 0;
});
afterEach(async () => {
  await registry.stop();
  rmSync(folder, { recursive: true, force: true });
  delete process.env["XDG_STATE_HOME"];
});

test("layers come side by side", async () => {
  await fetched("unpacked");
  expect(same()).toBe(true);
  expect(registry.mostAtOnce).toBe(3);
});

test("what layers left, cut or interrupted, is not fetched again", async () => {
  const stop = new AbortController();
  const onBytes = (done: number): void => void (done > 1_000_000 && stop.abort());
  await expect(fetched("unpacked", { signal: stop.signal, onBytes })).rejects.toMatchObject({ code: "interrupted" });
  expect(existsSync(path("p.mar"))).toBe(false);
  const before = registry.served;
  let first: number | undefined;
  await fetched("unpacked", { onBytes: (done) => (first ??= done) });
  expect(first).toBeGreaterThan(1_000_000);
  expect(registry.served - before).toBe(readFileSync(path("m.mar")).length - (first ?? 0));
  expect(same()).toBe(true);
  expect(readdirSync(folder).filter((name) => name.startsWith(".p.mar"))).toEqual([]);
});

test.each(["cut", "truncated", 500, 429] as const)("a layer goes on after %s, the others meanwhile", async (kind) => {
  for (let i = 0; i < 4; i += 1) registry.faults.push({ method: "GET", path: /blobs/, kind });
  await fetched("unpacked");
  expect(registry.faults).toEqual([]);
  expect(same()).toBe(true);
});

test("the same archive in one layer does not go on with what layers left, nor the other way round", async () => {
  for (const [cut, then] of [
    ["unpacked", "whole"],
    ["whole", "unpacked"],
  ] as const) {
    const stop = new AbortController();
    const onBytes = (done: number): void => void (done > 100_000 && stop.abort());
    await expect(fetched(cut, { signal: stop.signal, onBytes })).rejects.toMatchObject({ code: "interrupted" });
    await fetched(then);
    expect(same()).toBe(true);
    rmSync(path("p.mar"));
  }
});

test("a layer of other bytes leaves nothing, and the next pull begins anew", async () => {
  registry.faults.push({ method: "GET", path: /blobs/, kind: "other-bytes" });
  await expect(fetched("unpacked")).rejects.toMatchObject({ code: "bad-artifact" });
  expect(existsSync(path("p.mar"))).toBe(false);
  await fetched("unpacked");
  expect(same()).toBe(true);
});

test("a layer that is not there ends the others, too", async () => {
  const [digest] = [...registry.blobs].find(([, bytes]) => bytes.length === 400_005) ?? [""];
  registry.blobs.delete(digest);
  await expect(fetched("unpacked")).rejects.toMatchObject({ code: "no-such-artifact" });
  const count = blobs().length;
  await new Promise((done) => setTimeout(done, 50));
  expect(blobs().length).toBe(count);
});
