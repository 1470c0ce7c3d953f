import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { memorySource } from "../../../src/archive/byte-source.ts";
import { defaultLimits } from "../../../src/archive/limits.ts";
import { readTar } from "../../../src/archive/tar-records.ts";
import { openArchive } from "../../../src/archive/open.ts";
import { hostileTar, pax, tarBlocks, type TarMember } from "./hostile-tar.ts";
import { fileRules } from "./judge.ts";

const a: TarMember = { name: "m/a.py", data: "print(1)\n" };
const b: TarMember = { name: "m/b.py", data: "print(2)\n" };
const longName = (name: string): TarMember => ({ name: "././@LongLink", type: "L", data: `${name}\0` });

async function rules(bytes: Uint8Array): Promise<string[]> {
  const { anomalies } = await readTar(memorySource(bytes), defaultLimits);
  return [...new Set(anomalies.map(({ rule }) => rule))].toSorted();
}

const deep = `m/${"d/".repeat(25)}${"x".repeat(90)}`;

test.each<[string, readonly TarMember[], string[]]>([
  ["two files", [a, b], []],
  ["a folder", [{ name: "m/", type: "5" }, a], []],
  ["a file of the V7 format", [{ ...a, type: "\0", magic: "" }], []],
  ["a GNU long name", [longName(deep), { ...a, name: deep.slice(0, 100) }], []],
  ["a pax path", [pax({ path: deep }), a], []],
  ["a ustar prefix", [{ ...a, name: "a.py", prefix: "m/d" }], []],
  [
    "pax times, owner and attributes",
    [pax({ mtime: "1700000000.5", uname: "root", "SCHILY.xattr.user.x": "y" }), a],
    [],
  ],
  ["a global pax comment", [pax({ comment: "0123456789abcdef" }, "g"), a], []],
  ["a setuid file", [{ ...a, mode: "0004755\0" }], ["archive/privileged-mode"]],
  ["a symbolic link", [{ ...a, data: "", type: "2", link: "/etc/passwd" }], ["archive/link"]],
  ["a hard link", [{ ...a, data: "", type: "1", link: "m/b.py" }], ["archive/link"]],
  ["a character device", [{ ...a, data: "", type: "3" }], ["archive/special-file"]],
  ["a block device", [{ ...a, data: "", type: "4" }], ["archive/special-file"]],
  ["a pipe", [{ ...a, data: "", type: "6" }], ["archive/special-file"]],
  ["a GNU sparse file", [{ ...a, type: "S" }], ["archive/tar-kind"]],
  ["a sparse file by pax", [pax({ "GNU.sparse.major": "1" }), a], ["archive/tar-kind"]],
  ["a multi-volume part", [{ ...a, type: "M" }], ["archive/tar-kind"]],
  ["a volume label", [{ ...a, type: "V" }], ["archive/tar-kind"]],
  ["an unknown type", [{ ...a, type: "Z" }], ["archive/tar-kind"]],
  ["a file with device numbers", [{ ...a, devices: "0000001\x000000003\0" }], ["archive/tar-header"]],
  ["a name that leaves the folder", [{ ...a, name: "m/../../a" }], ["archive/path-traversal"]],
  ["a long name that leaves the folder", [longName("m/../../a"), a], ["archive/path-traversal"]],
  ["a pax path that leaves the folder", [pax({ path: "../a" }), a], ["archive/path-traversal"]],
  ["a prefix that leaves the folder", [{ ...a, name: "a", prefix: ".." }], ["archive/path-traversal"]],
  ["an absolute name", [{ ...a, name: "/etc/cron.d/a" }], ["archive/absolute-path"]],
  ["a name that is absolute once its folder is cut off", [{ ...a, name: "m//etc/a" }], ["archive/unsafe-name"]],
  ["a name twice", [a, a], ["archive/duplicate-name"]],
  ["names that differ in case", [a, { ...a, name: "m/A.py" }], ["archive/name-collision"]],
  ["a folder with content", [{ ...a, name: "m/d/", type: "5" }], ["archive/file-and-folder"]],
  ["a file named as a folder", [{ ...a, name: "m/d/" }], ["archive/file-and-folder"]],
  ["a name that is not UTF-8", [{ ...a, name: Buffer.from("m/\xff", "latin1") }], ["archive/name-encoding"]],
  [
    "a negative size",
    [{ ...a, size: "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xf7" }],
    ["archive/tar-header", "archive/tar-header"],
  ],
  ["a size that is no number", [{ ...a, data: "", size: "0000000009x\0" }], ["archive/tar-header"]],
  ["an owner that is two numbers", [{ ...a, uid: "00001 2\0" }], ["archive/tar-header"]],
  ["a size beyond the file", [{ ...a, size: "77777777777\0" }], ["archive/truncated"]],
  ["another size by pax", [pax({ size: "5" }), a], ["archive/pax"]],
  ["a pax record twice", [{ name: "x", type: "x", data: "11 path=m/a\n11 path=m/b\n" }, a], ["archive/pax"]],
  ["a pax length that is too long", [{ name: "x", type: "x", data: "99 path=m/a\n" }, a], ["archive/pax"]],
  ["a pax length that is too short", [{ name: "x", type: "x", data: "9 path=m/a\n" }, a], ["archive/pax"]],
  ["a pax record without a key", [{ name: "x", type: "x", data: "7 =abc\n" }, a], ["archive/pax"]],
  ["a pax path with NUL", [pax({ path: "m/a\0b" }), a], ["archive/unsafe-name"]],
  ["a pax size that is no number", [pax({ size: "-1" }), a], ["archive/pax"]],
  ["a global pax path", [pax({ path: "m/x" }, "g"), a], ["archive/pax"]],
  ["two pax headers for one file", [pax({ mtime: "1" }), pax({ mtime: "2" }), a], ["archive/pax"]],
  ["a long name by GNU and by pax", [longName("m/x"), pax({ path: "m/y" }), a], ["archive/tar-header"]],
  ["two long names", [longName("m/x"), longName("m/y"), a], ["archive/tar-header"]],
  ["a pax header without a file", [a, pax({ mtime: "1" })], ["archive/tar-header"]],
  ["a wrong checksum", [a, { ...b, checksumError: 1 }], ["archive/tar-header"]],
  ["a prefix in a format without one", [{ ...a, magic: "", prefix: "../../etc" }], ["archive/tar-header"]],
])("tar: %s", async (_, members, expected) => {
  expect(await rules(hostileTar(members))).toEqual([...new Set(expected)]);
});

test.each<[string, Uint8Array, string[]]>([
  ["no end marker", tarBlocks([a]), ["archive/no-end-marker"]],
  ["half an end marker", hostileTar([a], Buffer.alloc(512)), ["archive/no-end-marker"]],
  ["a long tail of zeros", hostileTar([a], Buffer.alloc(10_240)), []],
  [
    "data behind the end",
    hostileTar([a], Buffer.concat([Buffer.alloc(1024), tarBlocks([b])])),
    ["archive/trailing-bytes"],
  ],
  [
    "an entry behind one empty block",
    hostileTar([a], Buffer.concat([Buffer.alloc(512), hostileTar([b])])),
    ["archive/trailing-bytes"],
  ],
  ["half a header", Buffer.concat([tarBlocks([a]), tarBlocks([b]).subarray(0, 300)]), ["archive/truncated"]],
  ["nothing but zeros", Buffer.alloc(10_240), ["archive/not-an-archive"]],
])("tar with %s", async (_, file, expected) => {
  expect(await rules(file)).toEqual(expected);
});

const folder = mkdtempSync(join(tmpdir(), "tar-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const good = gzipSync(hostileTar([a, b]));
const withField = (at: number, byte: number): Buffer => {
  const out = Buffer.from(good);
  out[out.length + at] = (out.at(at) ?? 0) ^ byte;
  return out;
};

test.each<[string, Uint8Array, string[]]>([
  ["sound", good, []],
  ["two members", Buffer.concat([good, gzipSync(hostileTar([b]))]), ["archive/gzip"]],
  ["bytes behind the member", Buffer.concat([good, Buffer.from("x")]), ["archive/trailing-bytes"]],
  ["a wrong CRC-32", withField(-6, 1), ["archive/crc-mismatch"]],
  ["a wrong size", withField(-3, 1), ["archive/gzip"]],
  ["no checksum", good.subarray(0, -8), ["archive/truncated"]],
  [
    "reserved flags",
    Buffer.concat([good.subarray(0, 3), Buffer.from([0x80]), good.subarray(4)]),
    ["archive/gzip", "archive/not-an-archive"],
  ],
  ["text instead of a tar", gzipSync("hello ".repeat(200)), ["archive/not-an-archive"]],
  ["a bomb", gzipSync(Buffer.concat([hostileTar([a]), Buffer.alloc(3 << 20)])), ["archive/bomb"]],
])("tar.gz: %s", async (title, file, expected) => {
  const path = join(folder, `${title}.tar.gz`);
  writeFileSync(path, file);
  expect(await fileRules(path, { limits: { bombBytes: 1 << 20 } })).toEqual(expected);
});

test.each<[string, readonly string[], string[], boolean]>([
  ["below one folder", ["m/a", "m/MAR-INF/MANIFEST.json"], ["a", "MAR-INF/MANIFEST.json"], true],
  ["below ./", ["./a", "./MAR-INF/MANIFEST.json"], ["a", "MAR-INF/MANIFEST.json"], true],
  ["flat", ["a", "MAR-INF/MANIFEST.json"], ["a", "MAR-INF/MANIFEST.json"], false],
  ["below ./ and a folder", ["./m/a", "./m/b"], ["a", "b"], false],
  ["below two folders", ["m/a", "n/b"], ["m/a", "n/b"], false],
])("names of a tar %s", async (title, names, paths, serves) => {
  const path = join(folder, `${title.replaceAll(/\W/gu, "-")}.tar.gz`);
  writeFileSync(path, gzipSync(hostileTar(names.map((name) => ({ ...a, name })))));
  const archive = await openArchive(path);
  expect(archive.entries.map((entry) => entry.path)).toEqual(paths);
  expect(archive.anomalies.map(({ rule }) => rule)).toEqual(serves ? [] : ["serve/flat-tar"]);
  await archive.close();
});
