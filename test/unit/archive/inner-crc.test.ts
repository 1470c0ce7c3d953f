import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { joinCrc32 } from "../../../src/archive/crc-join.ts";
import { PartSums } from "../../../src/archive/inner-crc.ts";

test("the CRC-32 of two runs gives that of both together", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 70_000 }), (first, second) => {
      const joined = joinCrc32(crc32(first), crc32(second), second.length);
      expect(joined).toBe(crc32(second, crc32(first)));
    }),
  );
});

test("lengths beyond 4 GiB: 2^40 zeros, joined in two ways", () => {
  let added = zeros(2 ** 20);
  for (let size = 2 ** 20; size < 2 ** 40; size *= 2) added = joinCrc32(added, zeros(size), size);
  expect(added).toBe(zeros(2 ** 40));
});

/** Of 2^20 zeros, doubled up to `size`. */
function zeros(size: number): number {
  let sum = crc32(new Uint8Array(2 ** 20));
  for (let length = 2 ** 20; length < size; length *= 2) sum = joinCrc32(sum, sum, length);
  return sum;
}

test("parts and the whole, whatever the blocks", () => {
  const part = fc.record({ offset: fc.nat(220), length: fc.nat(90) });
  const blocks = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), blocks, fc.infiniteStream(fc.nat(255)), (parts, sizes, bytes) => {
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const data = Uint8Array.from({ length: total }, () => bytes.next().value ?? 0);
      const sums = new PartSums(parts);
      let at = 0;
      for (const size of sizes) {
        sums.take(data.subarray(at, at + size), at);
        at += size;
      }
      expect(sums.whole).toBe(crc32(data));
      for (const [{ offset, length }, sum] of sums.sums)
        expect(sum).toBe(crc32(data.subarray(offset, offset + length)));
      let end = 0;
      for (const each of parts.toSorted((a, b) => a.offset - b.offset)) {
        if (each.offset < end) continue;
        end = each.offset + each.length;
        if (each.offset < total && end <= total) expect(sums.sums.has(each)).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});
