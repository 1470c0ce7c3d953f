import { describe, expect, test } from "vitest";
import { memorySource } from "../../../src/archive/byte-source.ts";
import { MalformedModel } from "../../../src/model/malformed.ts";
import { npyDataSize, readNpyHeader } from "../../../src/model/numpy.ts";

function npy(header: string, version = 1): Buffer {
  const body = Buffer.from(`${header}\n`);
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(body.length);
  else length.writeUInt32LE(body.length);
  return Buffer.concat([Buffer.from("\u0093NUMPY", "latin1"), Buffer.of(version, 0), length, body]);
}

describe("npy headers", () => {
  test.each([
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }", 48n],
    ["{'descr': '|u1', 'fortran_order': True, 'shape': (5,)}", 5n],
    ["{'descr': '<U3', 'fortran_order': False, 'shape': ()}", 12n],
    ["{'shape': (2L, 3L), 'descr': '<c16', 'fortran_order': False}", 96n],
    ["{'descr': [('a', '<i4'), ('b', '<f8', (2,))], 'fortran_order': False, 'shape': (1,)}", null],
  ])("%s", async (header, size) => {
    for (const version of [1, 2, 3]) {
      const read = await readNpyHeader(memorySource(npy(header, version)));
      expect(npyDataSize(read)).toBe(size);
      expect(read.objects).toBe(false);
    }
  });

  test.each(["'|O'", "[('a', '<i4'), ('b', '|O')]", "[('a', [('b', 'O')])]"])("%s holds objects", async (descr) => {
    const header = `{'descr': ${descr}, 'fortran_order': False, 'shape': (1,)}`;
    expect((await readNpyHeader(memorySource(npy(header)))).objects).toBe(true);
  });

  test.each([
    "__import__('os').system('true')",
    "{'descr': __import__('os'), 'fortran_order': False, 'shape': ()}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} + 1",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'extra': 1}",
    "{'descr': '<f4', 'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': 3}",
    "{'descr': 'nonsense!', 'fortran_order': False, 'shape': ()}",
    "{'descr': '<f4'",
    `${"(".repeat(5000)}`,
    "",
  ])("refuses %s", async (header) => {
    await expect(readNpyHeader(memorySource(npy(header)))).rejects.toThrow(MalformedModel);
  });

  test("refuses a header that is longer than the file", async () => {
    const bytes = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}");
    for (let length = 0; length < bytes.length; length++) {
      await expect(readNpyHeader(memorySource(bytes.subarray(0, length)))).rejects.toThrow(MalformedModel);
    }
  });
});
