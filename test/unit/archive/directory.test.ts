import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openArchive } from "../../../src/archive/open.ts";
import { fileRules } from "./judge.ts";

const root = mkdtempSync(join(tmpdir(), "directory-test-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function folder(name: string): string {
  const path = join(root, name);
  mkdirSync(join(path, "MAR-INF"), { recursive: true });
  writeFileSync(join(path, "MAR-INF", "MANIFEST.json"), "{}");
  writeFileSync(join(path, "handler.py"), "x = 1\n");
  return path;
}

test("a plain folder", async () => {
  const archive = await openArchive(folder("plain"));
  expect(archive.container).toBe("directory");
  expect(archive.entries.map(({ path }) => path)).toEqual(["MAR-INF/MANIFEST.json", "handler.py"]);
  const [, handler] = archive.entries;
  const source = handler && (await archive.open(handler));
  expect(Buffer.from((await source?.read(0, 5)) ?? []).toString()).toBe("x = 1");
  expect((await archive.digests()).of.size).toBe(2);
  await archive.close();
});

test("a folder in a folder, as TorchServe takes it", async () => {
  mkdirSync(join(root, "outer"));
  folder("outer/model");
  const archive = await openArchive(join(root, "outer"));
  expect(archive.entries.map(({ path }) => path)).toContain("handler.py");
  await archive.close();
});

test("links are listed, never followed", async () => {
  const path = folder("links");
  symlinkSync("/etc/passwd", join(path, "a"));
  symlinkSync("/etc", join(path, "b"));
  expect(await fileRules(path)).toEqual(["archive/link"]);
  const archive = await openArchive(path);
  const link = archive.entries.find((entry) => entry.path === "a");
  expect(link?.kind).toBe("link");
  if (link) await expect(archive.open(link)).rejects.toMatchObject({ anomaly: { rule: "archive/link" } });
  expect(archive.entries.some((entry) => entry.path.startsWith("b/"))).toBe(false);
  await archive.close();
});

test("a file that became a link since it was listed is not followed", async () => {
  const path = folder("race");
  const archive = await openArchive(path);
  rmSync(join(path, "handler.py"));
  symlinkSync("/etc/passwd", join(path, "handler.py"));
  const handler = archive.entries.find((entry) => entry.path === "handler.py");
  if (handler) await expect(archive.open(handler)).rejects.toMatchObject({ anomaly: { rule: "archive/link" } });
  await archive.close();
});

test("pipes do not hang us", async () => {
  const path = folder("pipe");
  execFileSync("mkfifo", [join(path, "fifo")]);
  expect(await fileRules(path)).toEqual(["archive/special-file"]);
});

test("setuid files are told", async () => {
  const path = folder("setuid");
  chmodSync(join(path, "handler.py"), 0o4755);
  expect(await fileRules(path)).toEqual(["archive/privileged-mode"]);
});

test("what is not there, or no file, is a failure with a code", async () => {
  await expect(openArchive(join(root, "missing.mar"))).rejects.toMatchObject({ code: "not-found" });
  await expect(openArchive("/dev/null")).rejects.toMatchObject({ code: "not-a-file" });
});
