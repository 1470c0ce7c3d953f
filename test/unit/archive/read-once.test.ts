import { createHash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { memorySource } from "../../../src/archive/byte-source.ts";
import { nodeDisk } from "../../../src/archive/disk.ts";
import { byteEntry } from "../../../src/archive/entry-source.ts";
import { threadHasher } from "../../../src/archive/hash-thread.ts";
import { localHasher } from "../../../src/archive/hasher.ts";
import { BlockRing } from "../../../src/archive/read-once.ts";

const mebibyte = 1 << 20;

/** From 24 MiB on a thread hashes. */
const sizes = [0, 1, mebibyte, 5 * mebibyte + 3, 30 * mebibyte + 7];

test("a ring gives the checksums of one file after the other, whoever hashes", async () => {
  for (const largest of [mebibyte, 30 * mebibyte]) {
    const ring = await BlockRing.for(largest);
    try {
      for (const size of sizes) {
        const bytes = randomBytes(size);
        const source = await byteEntry(memorySource(bytes)).open(nodeDisk);
        const seen = createHash("sha256");
        const sums = await ring.pass(source, size, async (block) => void seen.update(block), {});
        const sha256 = createHash("sha256").update(bytes).digest("hex");
        expect(sums).toEqual({ crc32: crc32(bytes), sha256 });
        expect(seen.digest("hex")).toBe(sha256);
      }
    } finally {
      await ring.close();
    }
  }
});

test("a sink that takes its time keeps its block until it is done", async () => {
  const bytes = randomBytes(9 * mebibyte);
  const ring = await BlockRing.for(bytes.length);
  const source = await byteEntry(memorySource(bytes)).open(nodeDisk);
  const held: boolean[] = [];
  const sink = async (block: Uint8Array, position: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, position % 3));
    held.push(Buffer.compare(block, bytes.subarray(position, position + block.length)) === 0);
  };
  await ring.pass(source, bytes.length, sink, {}, true);
  await ring.close();
  expect(held).toEqual(Array.from({ length: 9 }, () => true));
});

test.each(["thread", "local"])("%s: more ranges than the queue is long, and a digest for each turn", async (kind) => {
  const hasher = kind === "thread" ? threadHasher(4096) : localHasher(4096);
  hasher.memory.set(randomBytes(4096));
  for (let turn = 0; turn < 3; turn += 1) {
    const expected = createHash("sha256");
    for (let at = 0; at < 2000; at += 1) {
      const block = hasher.memory.subarray(at, at + 7);
      await hasher.settle(3);
      hasher.push(block);
      expected.update(block);
    }
    await hasher.settle(0);
    expect(await hasher.finish()).toBe(expected.digest("hex"));
  }
  await hasher.close();
});

test("a thread that has ended is an error, not an endless wait", async () => {
  const hasher = threadHasher(mebibyte);
  await hasher.close();
  hasher.push(hasher.memory);
  await expect(hasher.settle(0)).rejects.toThrow("ended");
  await expect(hasher.finish()).rejects.toThrow("ended");
});
