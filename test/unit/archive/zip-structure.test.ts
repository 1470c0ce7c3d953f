import { crc32, deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import {
  bytes,
  end64,
  endRecord,
  extraField,
  type Fields,
  hostileZip,
  type Member,
  type Shape,
  u16,
  u32,
  u64,
} from "./hostile-zip.ts";
import { zipRules } from "./judge.ts";
import { memorySource } from "../../../src/archive/byte-source.ts";
import { defaultLimits } from "../../../src/archive/limits.ts";
import { readZip } from "../../../src/archive/zip-records.ts";

const a: Member = { name: "a.py", data: "print(1)\n" };
const b: Member = { name: "b.py", data: "print(2)\n", deflate: true };
const sums = (data: string, packed: number): Buffer => u32(crc32(data), packed, data.length);
const packedB = deflateRawSync("print(2)\n").length;
const described: Partial<Fields> = { flags: 8 };
const empty: Partial<Fields> = { crc32: 0, size: 0, packedSize: 0 };
const zip64 = (...values: number[]): Buffer => extraField(1, u64(...values));
const all = 0xffffffff;
const unicodePath = (name: string, of: string): Buffer =>
  extraField(0x7075, Buffer.concat([bytes("\x01"), u32(crc32(of)), Buffer.from(name)]));
const inside = hostileZip([{ name: "inner", data: "x" }]);

type Case = readonly [title: string, members: readonly Member[], shape: Shape, rules: readonly string[]];

const sound: readonly Case[] = [
  ["two plain entries", [a, b], {}, []],
  ["no entries at all", [], {}, []],
  ["an archive comment", [a], { end: { comment: bytes("made by hand") } }, []],
  [
    "a folder",
    [
      { name: "d/", both: { attributes: 0o040755 * 65536 } },
      { ...a, name: "d/a.py" },
    ],
    {},
    [],
  ],
  ["dots within a segment", [{ ...a, name: "..a..b.py" }], {}, []],
  ["a name in Cyrillic, marked as UTF-8", [{ ...a, name: "модель.py" }], {}, []],
  [
    "a deflated entry with a descriptor",
    [{ ...b, both: described, local: empty, after: Buffer.concat([bytes("PK\x07\x08"), sums("print(2)\n", packedB)]) }],
    {},
    [],
  ],
  [
    "a descriptor without signature",
    [{ ...b, both: described, local: empty, after: sums("print(2)\n", packedB) }],
    {},
    [],
  ],
  ["a ZIP stored in the ZIP", [{ name: "inner.zip", data: inside }], {}, []],
  ["a ZIP64 end record beside a plain one", [a, b], { between: end64 }, []],
  ["sizes in a ZIP64 field", [{ ...a, local: { size: all, packedSize: all, extra: zip64(9, 9) } }], {}, []],
  ["a ZIP64 field in both views", [{ ...a, both: { size: all, packedSize: all, extra: zip64(9, 9) } }], {}, []],
  ["a second name that is the first", [{ ...a, both: { extra: unicodePath("a.py", "a.py") } }], {}, []],
];

const suspicious: readonly Case[] = [
  ["UTF-8 that is not marked", [{ ...a, name: "модель.py", both: { flags: 0 } }], {}, ["archive/name-unmarked"]],
  ["a setuid file", [{ ...a, both: { attributes: 0o104755 * 65536 } }], {}, ["archive/privileged-mode"]],
  [
    "a name in another code page",
    [{ ...a, name: bytes("f\x81r.py"), both: { flags: 0 } }],
    {},
    ["serve/name-encoding"],
  ],
  [
    "a stored entry with a descriptor",
    [{ ...a, both: described, after: Buffer.concat([bytes("PK\x07\x08"), sums("print(1)\n", 9)]) }],
    {},
    ["serve/stored-data-descriptor"],
  ],
  [
    "an 8-byte descriptor on a small entry",
    [
      {
        ...b,
        both: described,
        local: empty,
        after: Buffer.concat([bytes("PK\x07\x08"), u32(crc32("print(2)\n")), u64(packedB, 9)]),
      },
    ],
    {},
    ["serve/wide-data-descriptor"],
  ],
  [
    "a descriptor that only the local flags announce",
    [{ ...b, local: { ...described, ...empty }, after: sums("print(2)\n", packedB) }],
    {},
    ["archive/flags-differ"],
  ],
];

const hostile: readonly Case[] = [
  ["another local name", [{ ...a, local: { name: bytes("c.py") } }], {}, ["archive/two-views"]],
  ["another local CRC-32", [{ ...a, local: { crc32: 1 } }], {}, ["archive/two-views"]],
  ["another local size", [{ ...b, local: { size: 8 } }], {}, ["archive/two-views"]],
  ["another local packed size", [{ ...b, local: { packedSize: 1 } }], {}, ["archive/two-views"]],
  ["another local method", [{ ...a, local: { method: 8 } }], {}, ["archive/two-views"]],
  ["another local time", [{ ...a, local: { modified: 1 } }], {}, ["archive/two-views"]],
  ["a UTF-8 flag in one view", [{ ...a, local: { flags: 0x800 } }], {}, ["archive/two-views"]],
  ["a descriptor flag in the directory only", [{ ...a, central: described }], {}, ["archive/two-views"]],
  ["an entry that the directory hides", [a, { ...b, hidden: true }], {}, ["archive/hidden-entry"]],
  ["a hidden entry before the first", [{ ...b, hidden: true }, a], {}, ["archive/hidden-entry"]],
  ["a hidden entry of a listed name", [a, { ...a, data: "evil()\n", hidden: true }, b], {}, ["archive/hidden-entry"]],
  ["bytes between entries", [{ ...a, after: bytes("hidden") }, b], {}, ["archive/gap"]],
  ["bytes before the directory", [a], { gap: bytes("hidden") }, ["archive/gap"]],
  ["bytes before the end record", [a], { between: () => bytes("hidden") }, ["archive/central-directory"]],
  ["bytes before the first entry", [a], { before: bytes("#!/bin/sh\n") }, ["archive/leading-bytes"]],
  ["bytes after the end", [a], { after: bytes("\n") }, ["archive/trailing-bytes"]],
  ["a second archive after the first", [a], { after: inside }, ["archive/central-directory", "archive/hidden-entry"]],
  [
    "an end record in the comment",
    [a],
    { end: { comment: endRecord({ offset: 0, size: 0, entries: 0 }) } },
    ["archive/central-directory", "archive/second-end-record"],
  ],
  [
    "a comment longer than announced",
    [a],
    { end: { comment: bytes("abc"), commentLength: 1 } },
    ["archive/trailing-bytes"],
  ],
  ["a comment shorter than announced", [a], { end: { commentLength: 9 } }, ["archive/end-record"]],
  ["an entry too few in the end record", [a, b], { end: { entries: 1 } }, ["archive/central-directory"]],
  ["an entry too many in the end record", [a], { end: { entries: 2 } }, ["archive/central-directory"]],
  ["two different counts", [a], { end: { entriesHere: 2, entries: 1 } }, ["archive/end-record"]],
  ["a directory size that lies", [a, b], { end: { directorySize: 50 } }, ["archive/central-directory"]],
  ["another disk", [a], { end: { disk: 1 } }, ["archive/multi-disk"]],
  ["an entry on another disk", [{ ...a, central: { disk: 3 } }], {}, ["archive/multi-disk"]],
  [
    "two directory records for one entry",
    [a, { ...a, central: { offset: 0 }, hidden: false }],
    {},
    ["archive/duplicate-name", "archive/hidden-entry", "archive/overlap"],
  ],
  [
    "a ZIP64 record with another count",
    [a],
    { between: (where) => end64(where, { entries: 2 }) },
    ["archive/central-directory", "archive/zip64"],
  ],
  [
    "a ZIP64 record with another size",
    [a],
    { between: (where) => end64(where, { size: 9 }) },
    ["archive/central-directory", "archive/zip64"],
  ],
  [
    "a ZIP64 record with room for data",
    [a],
    { between: (where) => end64(where, { tail: bytes("hidden") }) },
    ["archive/gap", "archive/zip64"],
  ],
  [
    "a locator to nowhere",
    [a],
    { between: (where) => end64(where, { locator: 0 }) },
    ["archive/central-directory", "archive/zip64"],
  ],
  ["a locator of several disks", [a], { between: (where) => end64(where, { disks: 2 }) }, ["archive/multi-disk"]],
  [
    "a ZIP64 value that is missing",
    [{ ...a, central: { size: all } }],
    {},
    ["archive/bomb", "archive/size-mismatch", "archive/two-views", "archive/zip64"],
  ],
  ["a ZIP64 field that nothing refers to", [{ ...a, central: { extra: zip64(9, 9) } }], {}, ["archive/zip64"]],
  [
    "two ZIP64 fields",
    [{ ...a, both: { size: all, packedSize: all, extra: Buffer.concat([zip64(9, 9), zip64(9, 9)]) } }],
    {},
    ["archive/extra-field"],
  ],
  ["a local ZIP64 field with other sizes", [{ ...a, local: { extra: zip64(99, 99) } }], {}, ["archive/zip64"]],
  ["a second name", [{ ...a, both: { extra: unicodePath("evil.py", "a.py") } }], {}, ["archive/second-name"]],
  [
    "a second name in the local header",
    [{ ...a, local: { extra: unicodePath("evil.py", "a.py") } }],
    {},
    ["archive/second-name"],
  ],
  ["an extra field that is cut off", [{ ...a, central: { extra: u16(0x5455, 40) } }], {}, ["archive/extra-field"]],
  ["three stray bytes of extra field", [{ ...a, both: { extra: bytes("abc") } }], {}, ["archive/extra-field"]],
  ["an encrypted entry", [{ ...a, both: { flags: 1 } }], {}, ["archive/encrypted"]],
  ["strong encryption", [{ ...a, both: { flags: 0x41 } }], {}, ["archive/encrypted"]],
  ["masked headers", [{ ...a, both: { flags: 0x2000 } }], {}, ["archive/encrypted"]],
  [
    "an AES field",
    [{ ...a, both: { extra: extraField(0x9901, bytes("\x02\x00AE\x03\x00\x00")) } }],
    {},
    ["archive/encrypted"],
  ],
  ["a patch", [{ ...a, both: { flags: 0x20 } }], {}, ["archive/packing-method"]],
  ["zstandard", [{ ...a, both: { method: 93 } }], {}, ["archive/packing-method"]],
  ["a stored entry of two sizes", [{ ...a, both: { size: 5 } }], {}, ["archive/size-mismatch"]],
  [
    "a descriptor that lies",
    [{ ...b, both: described, local: empty, after: sums("print(3)\n", packedB) }],
    {},
    ["archive/data-descriptor"],
  ],
  ["a symbolic link", [{ ...a, both: { attributes: 0o120777 * 65536 } }], {}, ["archive/link"]],
  [
    "a symbolic link by a DOS program",
    [{ ...a, both: { madeBy: 20, attributes: 0o120777 * 65536 } }],
    {},
    ["archive/link"],
  ],
  ["a device", [{ ...a, both: { attributes: 0o020666 * 65536 } }], {}, ["archive/special-file"]],
  ["a socket", [{ ...a, both: { attributes: 0o140666 * 65536 } }], {}, ["archive/special-file"]],
  ["a folder with content", [{ ...a, name: "d/" }], {}, ["archive/file-and-folder"]],
  ["a file that another needs as folder", [a, { ...b, name: "a.py/b.py" }], {}, ["archive/file-and-folder"]],
  ["a file and a folder of one name", [a, { name: "a.py/" }], {}, ["archive/file-and-folder"]],
  ["a name twice", [a, a], {}, ["archive/duplicate-name"]],
  ["names that differ in case", [a, { ...b, name: "A.PY" }], {}, ["archive/name-collision"]],
  [
    "names that differ in composition",
    [
      { ...a, name: "\u00e9.py" },
      { ...b, name: "e\u0301.py" },
    ],
    {},
    ["archive/name-collision"],
  ],
  [
    "names that differ by full case folding",
    [
      { ...a, name: "stra\u00dfe" },
      { ...b, name: "STRASSE" },
    ],
    {},
    ["archive/name-collision"],
  ],
  [
    "invalid UTF-8 that is marked as UTF-8",
    [{ ...a, name: bytes("a\xff.py"), both: { flags: 0x800 } }],
    {},
    ["archive/name-encoding"],
  ],
  ["a small bomb", [{ ...a, both: { method: 8, size: 2 ** 29 } }], {}, ["archive/bomb"]],
];

test.each([...sound, ...suspicious, ...hostile])("%s", async (_, members, shape, rules) => {
  expect(await zipRules(hostileZip(members, shape))).toEqual(rules);
});

test("a file cut off anywhere is never accepted", async () => {
  const whole = hostileZip([a, b]);
  for (let length = 4; length < whole.length; length += 1) {
    expect(await zipRules(whole.subarray(0, length)), `cut at ${length}`).not.toEqual([]);
  }
});

test("a changed byte of any header field is noticed, or changes nothing that is read", async () => {
  const whole = hostileZip([a]);
  // Versions, attributes, internal attributes: nothing that a reader of models goes by.
  const free = new Set<number>();
  const directory = whole.indexOf("PK\x01\x02");
  for (const at of [4, 5, directory + 4, directory + 5, directory + 6, directory + 7]) free.add(at);
  for (let at = directory + 36; at < directory + 42; at += 1) free.add(at);
  const data = 30 + "a.py".length;
  for (let at = data; at < data + 9; at += 1) free.add(at);
  const missed: number[] = [];
  for (let at = 0; at < whole.length; at += 1) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    if (!free.has(at) && (await zipRules(changed)).length === 0) missed.push(at);
  }
  expect(missed).toEqual([]);
});

test("an archive over the limit of entries is told to be that, and nothing else", async () => {
  const many = hostileZip(Array.from({ length: 12 }, (_, i) => ({ name: `f${i}`, data: "x" })));
  const { anomalies, entries } = await readZip(memorySource(many), { ...defaultLimits, entries: 10 });
  expect(anomalies.map(({ rule }) => rule)).toEqual(["archive/limits"]);
  expect(entries).toHaveLength(10);
});
