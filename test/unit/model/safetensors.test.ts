import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { memorySource } from "../../../src/archive/byte-source.ts";
import { MalformedModel } from "../../../src/model/malformed.ts";
import { readSafetensors } from "../../../src/model/safetensors.ts";
import { readSignature } from "../../../src/model/read-signature.ts";

/** A file with this header text and so many bytes of data. */
function file(header: string, data: number, told?: bigint): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(told ?? BigInt(Buffer.byteLength(header)));
  return Buffer.concat([length, Buffer.from(header), Buffer.alloc(data)]);
}

const row = (dtype: string, shape: readonly number[], begin: number, end: number): object => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});
const problems = async (header: object | string, data: number): Promise<readonly string[]> =>
  (await readSafetensors(memorySource(file(typeof header === "string" ? header : JSON.stringify(header), data))))
    .problems;

describe("safetensors", () => {
  test("a file of the real library: tensors, metadata, parameter count", async () => {
    const bytes = readFileSync(join(import.meta.dirname, "../../../fixtures/tiny/tiny.safetensors"));
    const { tensors, problems: wrong, metadata } = await readSafetensors(memorySource(bytes));
    expect(wrong).toEqual([]);
    expect(metadata).toEqual({ format: "pt" });
    expect(tensors.map(({ dtype }) => dtype)).toEqual(Array.from({ length: 6 }, () => "F32"));
    expect((await readSignature(memorySource(bytes), "safetensors"))?.parameters).toBe(1562);
  });

  test("sound headers", async () => {
    expect(
      await problems({ a: row("F32", [2], 0, 8), b: row("I64", [], 8, 16), c: row("U8", [0], 16, 16) }, 16),
    ).toEqual([]);
    expect(await problems({ a: row("F4", [3], 0, 2) }, 2)).toEqual([]);
    expect(await problems({}, 0)).toEqual([]);
    expect(await problems(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}    `, 1)).toEqual([]);
  });

  test.each([
    ["a gap", { a: row("F32", [1], 0, 4), b: row("F32", [1], 8, 12) }, 12],
    ["an overlap", { a: row("F32", [2], 0, 8), b: row("F32", [2], 4, 12) }, 12],
    ["data that does not start at 0", { a: row("F32", [1], 4, 8) }, 8],
    ["data behind the last tensor", { a: row("F32", [1], 0, 4) }, 8],
    ["data that ends early", { a: row("F32", [2], 0, 8) }, 4],
    ["a size that is not the shape's", { a: row("F32", [3], 0, 8) }, 8],
    ["an end before the beginning", { a: row("F32", [0], 8, 4) }, 8],
    ["an unknown type", { a: row("F128", [1], 0, 16) }, 16],
    ["a shape whose product overflows", { a: row("U8", [2 ** 40, 2 ** 40], 0, 0) }, 0],
    ["a negative dimension", { a: row("U8", [-1], 0, 1) }, 1],
    ["offsets that are no pair", { a: { dtype: "U8", shape: [1], data_offsets: [0] } }, 1],
    ["metadata that is no text", { __metadata__: { a: 1 } }, 0],
    [
      "a name twice",
      `{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`,
      1,
    ],
  ])("reports %s", async (_title, header, data) => {
    expect((await problems(header, data)).length).toBeGreaterThan(0);
  });

  test.each([
    ["shorter than its length field", Buffer.alloc(4)],
    ["a header longer than the file", file("{}", 0, 100n)],
    ["a header of more than 100 MB", file("{}", 0, 2n ** 60n)],
    ["a header that is no JSON", file("{nope}", 0)],
    ["a header that begins with a blank", file(" {}", 0)],
    ["a list as header", file("[]", 0)],
  ])("throws for %s", async (_title, bytes) => {
    await expect(readSafetensors(memorySource(bytes))).rejects.toThrow(MalformedModel);
  });
});
