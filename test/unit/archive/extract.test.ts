import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { extract, type ExtractOptions, type Extraction } from "../../../src/archive/extract.ts";
import { openArchive } from "../../../src/archive/open.ts";
import { hostileZip, type Member } from "./hostile-zip.ts";

const root = mkdtempSync(join(tmpdir(), "extract-test-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(root, "t-"));
});

const a: Member = { name: "a.py", data: "print(1)\n", both: { attributes: 0o100755 * 65536 } };
const b: Member = { name: "d/e/b.txt", data: "text ".repeat(1000), deflate: true };

async function run(members: readonly Member[], options: Partial<ExtractOptions> = {}): Promise<Extraction> {
  const path = join(folder, "x.mar");
  writeFileSync(path, hostileZip(members));
  const archive = await openArchive(path);
  try {
    return await extract(archive, { output: join(folder, "out"), ...options });
  } finally {
    await archive.close();
  }
}

const out = (...names: string[]): string => join(folder, "out", ...names);

test("everything, with folders and the executable bit", async () => {
  const { files, refused } = await run([a, b]);
  expect(refused).toEqual([]);
  expect(files.map(({ path }) => path)).toEqual(["a.py", "d/e/b.txt"]);
  expect(readFileSync(out("a.py"), "utf8")).toBe("print(1)\n");
  expect(readFileSync(out("d", "e", "b.txt"), "utf8")).toBe(b.data);
  expect(statSync(out("a.py")).mode & 0o111).not.toBe(0);
  expect(statSync(out("d", "e", "b.txt")).mode & 0o111).toBe(0);
});

test("single entries and folders", async () => {
  expect((await run([a, b], { entries: ["d"] })).files.map(({ path }) => path)).toEqual(["d/e/b.txt"]);
  await expect(run([a, b], { entries: ["missing"] })).rejects.toMatchObject({ code: "no-such-entry" });
});

test.each<[string, Member[], string]>([
  ["a name that leaves the folder", [a, { ...a, name: "../evil.py" }], "archive/path-traversal"],
  ["an absolute name", [a, { ...a, name: "/tmp/evil.py" }], "archive/absolute-path"],
  ["a link", [a, { ...a, name: "l", both: { attributes: 0o120777 * 65536 } }], "archive/link"],
  ["another local name", [a, { ...a, name: "b", local: { name: Buffer.from("c") } }], "archive/two-views"],
])("nothing is written of an archive with %s", async (_, members, rule) => {
  const { files, refused } = await run(members);
  expect(files).toEqual([]);
  expect(refused.map((anomaly) => anomaly.rule)).toContain(rule);
  expect(existsSync(out())).toBe(false);
});

test.each<[string, Member, string]>([
  ["a wrong CRC-32", { ...b, both: { crc32: 1 } }, "archive/crc-mismatch"],
  ["more data than declared", { ...b, both: { size: 10 } }, "archive/size-mismatch"],
])("an entry with %s leaves no file, not even half a one", async (_, member, rule) => {
  const { files, refused } = await run([a, member]);
  expect(files.map(({ path }) => path)).toEqual(["a.py"]);
  expect(refused.map((anomaly) => anomaly.rule)).toEqual([rule]);
  expect(readdirSync(out("d", "e"))).toEqual([]);
});

test("a file that is there is kept, unless forced", async () => {
  mkdirSync(out());
  writeFileSync(out("a.py"), "mine");
  await expect(run([a, b])).rejects.toMatchObject({ code: "already-exists" });
  expect(readFileSync(out("a.py"), "utf8")).toBe("mine");
  expect(existsSync(out("d"))).toBe(false);
  await run([a, b], { force: true });
  expect(readFileSync(out("a.py"), "utf8")).toBe("print(1)\n");
});

test("a link that lies in the way is not followed", async () => {
  mkdirSync(out());
  mkdirSync(join(folder, "elsewhere"));
  symlinkSync(join(folder, "elsewhere"), out("d"));
  await expect(run([b], { force: true })).rejects.toMatchObject({ code: "link-outside" });
  expect(readdirSync(join(folder, "elsewhere"))).toEqual([]);
});

test("an interrupted run leaves no half file", async () => {
  await expect(run([a, b], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "interrupted" });
  expect(readdirSync(out())).toEqual([]);
});
