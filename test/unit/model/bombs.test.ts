import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync, deflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memorySource } from "../../../src/archive/byte-source.ts";
import { Replay } from "../../../src/model/scan/replay.ts";
import { Scanner } from "../../../src/model/scan/scanner.ts";
import { hostileZip, u32 } from "../archive/hostile-zip.ts";

/** A pickle whose import stands behind more zeros than anybody needs. */
const zeros = 257 << 20;
const evil = Buffer.alloc(2 + 5 + zeros + 26);
evil.write("\x80\x04B", 0, "latin1");
evil.writeUInt32LE(zeros, 3);
evil.write("0cposix\nsystem\n(S'id'\ntR.", 7 + zeros, "latin1");
const packed = deflateRawSync(evil, { level: 1 });
const member = { name: "m/data.pkl", data: evil, deflate: true, packed };

let folder = "";
let scanner: Scanner;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bombs-"));
  scanner = new Scanner({ allowed: new Set(), tmpDir: folder });
});
afterAll(async () => {
  await scanner.close();
  rmSync(folder, { recursive: true });
});

/** Files, in whatever folder: a private folder may be called anything, and be there. */
const written = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((found) => found.isFile())
    .map(({ name }) => name);

describe("a compression bomb is looked through to its end, and kept nowhere", () => {
  const gzip = Buffer.concat([Buffer.from("1f8b0800000000000003", "hex"), packed, u32(crc32(evil), evil.length)]);

  test.each([
    ["m.pkl.gz", "m.pkl.gz", gzip],
    ["m.pt", "m.pt/m/data.pkl", hostileZip([member, { name: "m/version", data: "3\n" }])],
  ])("%s", async (path, at, bytes) => {
    await scanner.scan({ source: memorySource(bytes), path, critical: true, depth: 0 });
    const found = scanner.findings.filter(({ rule }) => rule === "dangerous");
    expect(found.map((finding) => finding.at)).toContain(at);
    expect(written()).toEqual([]);
  });
});

test("what breaks while it is unpacked leaves nothing in the way of the next", async () => {
  const broken = deflateSync(Buffer.alloc(10 << 20), { level: 1 }).subarray(0, -4000);
  for (const path of ["a.bin", "b.bin"]) {
    await scanner.scan({ source: memorySource(broken), path, critical: true, depth: 0 });
  }
  expect(written()).toEqual([]);
});

test("a replay gives any bytes in any order, and ends where the stream does", async () => {
  const bytes = Buffer.from(Array.from({ length: 5_000_000 }, (_, i) => (i * 7919) >> 8));
  let starts = 0;
  const replay = new Replay(bytes.length + 1, async function* () {
    starts += 1;
    for (let at = 0; at < bytes.length; at += 100_001) yield bytes.subarray(at, at + 100_001);
  });
  const places = [0, 3, 2_000_000, 1_500_000, 10, 4_999_990, 100_000].map((at) => [at, 10] as const);
  for (const [at, length] of [...places, [0, 5_000_000] as const]) {
    expect(Buffer.compare(await replay.read(at, length), bytes.subarray(at, at + length)), String(at)).toBe(0);
  }
  expect(starts).toBe(3);
  await expect(replay.read(bytes.length, 1)).rejects.toMatchObject({ anomaly: { rule: "archive/size-mismatch" } });
  await expect(replay.read(0, bytes.length + 2)).rejects.toThrow(RangeError);
});
