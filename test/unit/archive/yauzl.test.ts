import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openPromise } from "yauzl";
import { openArchive } from "../../../src/archive/open.ts";
import { hostileZip, type Member } from "./hostile-zip.ts";

const folder = mkdtempSync(join(tmpdir(), "yauzl-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lines = Array.from({ length: 200_000 }, (_, i) => `line ${i}\n`).join("");
const members: readonly Member[] = [
  { name: "handler.py", data: "def handle(data, context): ...\n" },
  { name: "labels/index.json", data: '{"0": "cat"}', deflate: true },
  { name: "large.txt", data: lines, deflate: true },
  { name: "модель.bin", data: Buffer.alloc(100, 1) },
  { name: "empty" },
];

async function joined(stream: AsyncIterable<unknown>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) if (part instanceof Uint8Array) parts.push(part);
  return Buffer.concat(parts).toString("latin1");
}

test("a sound archive reads as it does through yauzl", async () => {
  const path = join(folder, "sound.mar");
  writeFileSync(path, hostileZip(members));
  const theirs: [string, number, string][] = [];
  const zip = await openPromise(path, { autoClose: false });
  for await (const entry of zip.eachEntry()) {
    theirs.push([entry.fileName, entry.uncompressedSize, await joined(await zip.openReadStreamPromise(entry))]);
  }
  zip.close();
  const archive = await openArchive(path);
  const ours: [string, number, string][] = [];
  for (const entry of archive.entries) ours.push([entry.path, entry.size, await joined(archive.stream(entry))]);
  await archive.close();
  expect(archive.anomalies).toEqual([]);
  expect(ours).toEqual(theirs);
  expect(ours).toHaveLength(members.length);
});
