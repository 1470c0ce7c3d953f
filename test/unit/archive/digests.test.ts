import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { openArchive, type OpenOptions } from "../../../src/archive/open.ts";
import { hostileTar } from "./hostile-tar.ts";
import { hostileZip, type Member } from "./hostile-zip.ts";
import { fileRules } from "./judge.ts";

const folder = mkdtempSync(join(tmpdir(), "digests-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
function file(bytes: Uint8Array, suffix = ".mar"): string {
  const path = join(folder, `${(count += 1)}${suffix}`);
  writeFileSync(path, bytes);
  return path;
}
const rulesOf = (members: readonly Member[], options: OpenOptions = {}): Promise<string[]> =>
  fileRules(file(hostileZip(members)), options);

/** Bytes without a pattern, always the same. */
function noise(length: number): Buffer {
  const out = Buffer.alloc(length);
  let state = 1;
  for (let i = 0; i < length; i += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    out[i] = state >>> 24;
  }
  return out;
}

const large = noise(5 << 20);
const a: Member = { name: "a.py", data: "print(1)\n" };
const zeros = Buffer.alloc(3 << 20);

test.each<[string, Member[]]>([
  ["small and stored", [a]],
  ["small and deflated", [{ ...a, deflate: true }]],
  ["large and stored", [a, { name: "w.bin", data: large }]],
  ["large and deflated", [{ name: "w.bin", data: large, deflate: true }, a]],
  ["empty", [{ name: "__init__.py" }]],
])("digests of entries that are %s", async (_, members) => {
  const archive = await openArchive(file(hostileZip(members)));
  const { of, anomalies } = await archive.digests();
  expect(anomalies).toEqual([]);
  for (const [index, entry] of archive.entries.entries()) {
    const data = Buffer.from(members[index]?.data ?? "");
    expect(of.get(entry)).toEqual({ crc32: crc32(data), sha256: createHash("sha256").update(data).digest("hex") });
    const source = await archive.open(entry);
    expect(Buffer.compare(await source.read(0, source.size), data)).toBe(0);
  }
  await archive.close();
});

test("entries that threads sum, between small and deflated ones: each its own digest, the wrong one named", async () => {
  const huge = Buffer.concat([large, large, large, large, large, large]);
  const archived = hostileZip([a, { name: "u.bin", data: large }, { name: "v.zip", data: huge }]);
  const wrong: Member = { name: "x.bin", data: huge, both: { crc32: 1 } };
  const members = [a, { name: "w.mar", data: archived }, { name: "b.py", data: large, deflate: true }, wrong];
  const archive = await openArchive(file(hostileZip(members)));
  const { of, anomalies } = await archive.digests();
  for (const [index, entry] of archive.entries.entries()) {
    const data = Buffer.from(members[index]?.data ?? "");
    expect(of.get(entry)).toEqual({ crc32: crc32(data), sha256: createHash("sha256").update(data).digest("hex") });
  }
  expect(anomalies.map(({ rule, at }) => [rule, at])).toEqual([["archive/crc-mismatch", "x.bin"]]);
  await archive.close();
});

const packed = deflateRawSync(large);
const packedA = deflateRawSync("print(1)\n");
const records = (lie: Partial<Member["both"]> = {}): Buffer =>
  hostileZip([
    { name: "m/data.pkl", data: "\x80\x02." },
    { name: "m/data/0", data: large, both: lie },
  ]);
const inside = (levels: number): Buffer =>
  levels === 0 ? hostileZip([a]) : hostileZip([{ name: "inner.zip", data: inside(levels - 1), deflate: true }]);

test.each<[string, Member[], string[]]>([
  ["a wrong CRC-32", [{ ...a, both: { crc32: 1 } }], ["archive/crc-mismatch"]],
  ["a wrong CRC-32 of a large entry", [{ name: "w", data: large, both: { crc32: 1 } }], ["archive/crc-mismatch"]],
  ["a size that is too small", [{ ...a, deflate: true, both: { size: 5 } }], ["archive/size-mismatch"]],
  ["a size that is too large", [{ ...a, deflate: true, both: { size: 12 } }], ["archive/size-mismatch"]],
  [
    "a large entry's size too small",
    [{ name: "w", data: large, deflate: true, both: { size: 5_000_000 } }],
    ["archive/size-mismatch"],
  ],
  ["deflate data cut off", [{ ...a, deflate: true, packed: packedA.subarray(0, -3) }], ["archive/corrupt-data"]],
  [
    "a large entry's deflate data cut off",
    [{ name: "w", data: large, deflate: true, packed: packed.subarray(0, -3) }],
    ["archive/corrupt-data"],
  ],
  [
    "bytes behind the deflate data",
    [{ ...a, deflate: true, packed: Buffer.concat([packedA, Buffer.from("PK\x03\x04")]) }],
    ["archive/corrupt-data"],
  ],
  [
    "megabytes behind the deflate data",
    [{ name: "w", data: large, deflate: true, packed: Buffer.concat([packed, zeros]) }],
    ["archive/corrupt-data"],
  ],
  ["no deflate data", [{ ...a, deflate: true, packed: noise(20) }], ["archive/corrupt-data"]],
  ["sound records of a torch file", [{ name: "m.pt", data: records() }], []],
  [
    "a wrong CRC-32 of a record in a torch file",
    [{ name: "m.pt", data: records({ crc32: 7 }) }],
    ["archive/crc-mismatch"],
  ],
  [
    "the same in a deflated torch file",
    [{ name: "m.pt", data: records({ crc32: 7 }), deflate: true }],
    ["archive/crc-mismatch"],
  ],
  ["three archives within", [{ name: "x.zip", data: inside(2) }], []],
  ["four archives within", [{ name: "x.zip", data: inside(3) }], ["archive/nesting"]],
  ["tar.gz within", [{ name: "x.tgz", data: gzipSync(hostileTar([{ name: "a", data: inside(1) }])) }], []],
  [
    "tar.gz within, too deep",
    [{ name: "x.tgz", data: gzipSync(hostileTar([{ name: "a", data: inside(2) }])) }],
    ["archive/nesting"],
  ],
])("content: %s", async (_, members, expected) => {
  expect(await rulesOf(members)).toEqual(expected);
});

const strict: OpenOptions = { limits: { bombBytes: 1 << 20 } };
const zeroZip = hostileZip([{ name: "z", data: zeros, deflate: true }]);

test.each<[string, Member[], string[]]>([
  ["one entry", [{ name: "z", data: zeros, deflate: true }], ["archive/bomb"]],
  [
    "many entries",
    Array.from({ length: 8 }, (_, i) => ({ name: `z${i}`, data: zeros.subarray(0, 1 << 19), deflate: true })),
    ["archive/bomb"],
  ],
  ["an archive in the archive", [{ name: "z.zip", data: zeroZip }], ["archive/bomb"]],
  ["a deflated archive in the archive", [{ name: "z.zip", data: zeroZip, deflate: true }], ["archive/bomb"]],
  [
    "many archives in the archive",
    Array.from({ length: 4 }, (_, i) => ({
      name: `${i}.zip`,
      data: hostileZip([{ name: "z", data: zeros.subarray(0, 1 << 20), deflate: true }]),
    })),
    ["archive/bomb"],
  ],
  ["gzip in the archive", [{ name: "z.gz", data: gzipSync(zeros) }], ["archive/bomb"]],
  [
    "a ZIP of overlapping entries in the archive",
    [{ name: "z.zip", data: hostileZip([a, { ...a, name: "b", central: { offset: 0 } }]) }],
    ["archive/bomb"],
  ],
])("a bomb spread over %s", async (_, members, expected) => {
  expect(await rulesOf(members, strict)).toEqual(expected);
});

test("zeros below the limit are no bomb", async () => {
  expect(await rulesOf([{ name: "z", data: zeros, deflate: true }])).toEqual([]);
});

test("what had to be unpacked lies in a private folder, which close removes", async () => {
  const own = mkdtempSync(join(folder, "tmp-"));
  const big = noise(9 << 20);
  const archive = await openArchive(file(hostileZip([{ name: "w", data: big, deflate: true }])), { tmpDir: own });
  const [entry] = archive.entries;
  const source = entry && (await archive.open(entry));
  expect(source?.position?.file.startsWith(own)).toBe(true);
  expect(Buffer.compare((await source?.read(0, big.length)) ?? Buffer.alloc(0), big)).toBe(0);
  expect(readdirSync(own)).toHaveLength(1);
  await archive.close();
  expect(readdirSync(own)).toEqual([]);
});

test("a stored entry is read where it lies", async () => {
  const path = file(hostileZip([a, { name: "w", data: large }]));
  const archive = await openArchive(path);
  const entry = archive.entries[1];
  const source = entry && (await archive.open(entry));
  expect(source?.position).toEqual({ file: path, offset: 30 + 4 + 9 + 30 + 1 });
  await archive.close();
});
