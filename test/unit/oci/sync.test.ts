import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeModelStore } from "../../../src/oci/model-store.ts";
import { openStore } from "../../../src/oci/open-store.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import { runMain } from "../../support/run-main.ts";

const tiny = resolve(import.meta.dirname, "../../../fixtures/tiny");
let folder = "";
const path = (...names: string[]) => join(folder, ...names);
const run = (...argv: string[]) => runMain(argv, { cwd: folder, env: {} });

async function pack(name: string, version: string, model = "cnn10_static.onnx", handler = "onnx_image_classifier") {
  const files = ["--serialized-file", join(tiny, model), "--handler", handler, "--export-path", "store", "--force"];
  expect(await run("archive", "--model-name", name, "-v", version, ...files)).toMatchObject({ exitCode: 0 });
}

/** `sync --json`, which fits its schema: its exit code, and the state of each file. */
async function sync(...argv: string[]) {
  const { exitCode, stdout, stderr } = await run("sync", ...argv, "--json");
  expect(stderr).toBe("");
  const schema = JSON.parse(readFileSync(new URL("../../../schema/sync.schema.json", import.meta.url), "utf8"));
  const fits = new Ajv2020({ strict: false }).compile(schema);
  const document = JSON.parse(stdout);
  expect(fits(document), JSON.stringify(fits.errors)).toBe(true);
  const rows: [string, string][] = document.archives.map((row: { file: string; state: string }) => [
    row.file,
    row.state,
  ]);
  return { exitCode, states: Object.fromEntries(rows), digest: document.digest, moved: document.moved, document };
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sync-"));
  await pack("Digits", "1.0");
  await pack("letters", "2");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a store goes up once, comes down the same, and then nothing moves", async () => {
  const up = await sync("store", "oci-layout:registry");
  expect(up).toMatchObject({ exitCode: 0, states: { "Digits.mar": "sent", "letters.mar": "sent" } });
  const again = await sync("store", "oci-layout:registry");
  expect(again).toMatchObject({ states: { "Digits.mar": "unchanged", "letters.mar": "unchanged" }, moved: 0 });
  expect(again.digest).toBe(up.digest);
  const down = await sync("oci-layout:registry", "copy");
  expect(down).toMatchObject({ exitCode: 0, states: { "Digits.mar": "fetched", "letters.mar": "fetched" } });
  for (const name of ["Digits.mar", "letters.mar"]) {
    expect(readFileSync(path("copy", name)).equals(readFileSync(path("store", name)))).toBe(true);
  }
  expect(await sync("oci-layout:registry", "copy")).toMatchObject({ moved: 0, states: { "Digits.mar": "unchanged" } });
});

test("only what changed goes up and comes down; an older state stays under its digest", async () => {
  const first = await sync("store", "oci-layout:registry");
  await sync("oci-layout:registry", "copy");
  await pack("letters", "2", "cnn10_nan.onnx");
  expect(await sync("store", "oci-layout:registry")).toMatchObject({
    states: { "Digits.mar": "unchanged", "letters.mar": "sent" },
  });
  writeFileSync(path("copy", "Digits.mar"), "damaged here");
  expect(await sync("oci-layout:registry", "copy")).toMatchObject({
    states: { "Digits.mar": "fetched", "letters.mar": "fetched" },
  });
  const before = await sync(`oci-layout:registry@${first.digest}`, "before");
  expect(before.document.archives).toHaveLength(2);
  expect(readFileSync(path("before", "letters.mar")).equals(readFileSync(path("store", "letters.mar")))).toBe(false);
});

test("what one side no longer has stays, or goes with --delete", async () => {
  await sync("store", "oci-layout:registry");
  await sync("oci-layout:registry", "copy");
  rmSync(path("store", "letters.mar"));
  expect((await sync("store", "oci-layout:registry")).states).toEqual({ "Digits.mar": "unchanged" });
  expect((await sync("oci-layout:registry", "copy")).states).toHaveProperty(["letters.mar"], "unchanged");
  expect((await sync("store", "oci-layout:registry", "--delete")).states).toHaveProperty(["letters.mar"], "removed");
  writeFileSync(path("copy", "notes.txt"), "no archive");
  writeFileSync(path("copy", "letters.mar.sig"), "{}");
  expect((await sync("oci-layout:registry", "copy")).states).not.toHaveProperty(["letters.mar"]);
  expect(readdirSync(path("copy"))).toContain("letters.mar");
  expect((await sync("oci-layout:registry", "copy", "--delete")).states).toHaveProperty(["letters.mar"], "removed");
  expect(readdirSync(path("copy")).toSorted()).toEqual(["Digits.mar", "notes.txt"]);
});

test("what must be signed is refused until it is, and judged again where it lies", async () => {
  await run("keygen", "-o", "k.pem");
  await run("sign", "store/Digits.mar", "--key", "k.pem");
  await sync("store", "oci-layout:registry");
  const gate = ["--require-signature", "--key", "k.pem.pub"];
  const down = await sync("oci-layout:registry", "copy", ...gate);
  expect(down).toMatchObject({ exitCode: 1, states: { "Digits.mar": "fetched", "letters.mar": "refused" } });
  expect(readdirSync(path("copy")).toSorted()).toEqual(["Digits.mar", "Digits.mar.sig"]);
  await run("sign", "store/letters.mar", "--key", "k.pem");
  await sync("store", "oci-layout:registry");
  expect(await sync("oci-layout:registry", "copy", ...gate)).toMatchObject({
    exitCode: 0,
    states: { "Digits.mar": "unchanged", "letters.mar": "fetched" },
  });
  writeFileSync(path("copy", "Digits.mar.sig"), readFileSync(path("copy", "letters.mar.sig")));
  expect((await sync("oci-layout:registry", "copy", ...gate)).states).toHaveProperty(["Digits.mar"], "fetched");
});

test("a list that names files elsewhere, or repositories elsewhere, is refused", async () => {
  const reference = parseReference(`oci-layout:${path("evil")}`);
  const store = openStore(reference, { env: {} });
  const row = {
    file: "a.mar",
    repository: "a",
    tag: "1",
    digest: `sha256:${"0".repeat(64)}`,
    sha256: "0".repeat(64),
    size: 1,
  };
  for (const wrong of [{ file: "../a.mar" }, { file: ".bashrc" }, { digest: "latest" }, { sha256: "x" }]) {
    await writeModelStore(store, reference, [{ ...row, ...wrong }]);
    const { exitCode, stderr } = await run("sync", "oci-layout:evil", "copy");
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining("bad-artifact") });
  }
  expect(existsSync(path("a.mar"))).toBe(false);
});

test.each([
  ["two folders", ["store", "copy"], "usage"],
  ["two registries", ["oci-layout:a", "oci-layout:b"], "usage"],
  ["a folder without archives", [".", "oci-layout:a"], "usage"],
  ["no such folder", ["missing", "oci-layout:a"], "not-found"],
  ["no such store", ["oci-layout:missing", "copy"], "no-such-artifact"],
  ["a digest to write to", ["store", `oci-layout:a@sha256:${"0".repeat(64)}`], "usage"],
  ["a gate upwards", ["store", "oci-layout:a", "--require-signature", "--key", "k.pem.pub"], "k.pem.pub"],
  ["layers downwards", ["oci-layout:a", "copy", "--unpacked"], "usage"],
])("%s is an error", async (_, argv, code) => {
  const { exitCode, stderr } = await run("sync", ...argv);
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(code) });
});

test("an archive in the registry is no store, and two archives cannot have one place", async () => {
  await run("push", "store/Digits.mar", "oci-layout:one:latest");
  expect((await run("sync", "oci-layout:one", "copy")).stderr).toContain("no model store");
  mkdirSync(path("twins"));
  for (const name of ["a.mar", "b.mar"]) writeFileSync(path("twins", name), readFileSync(path("store", "Digits.mar")));
  expect((await run("sync", "twins", "oci-layout:two")).stderr).toContain("a.mar and b.mar would both be digits:1.0");
  expect(existsSync(path("two"))).toBe(false);
});
