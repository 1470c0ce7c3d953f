import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FileSums } from "../../../src/archive/file-sums.ts";
import { threadHasher } from "../../../src/archive/hash-thread.ts";

describe.each([
  ["two threads", () => new FileSums()],
  ["one thread", () => new FileSums(null)],
])("sums of runs of a file, on %s of their own", (_, make) => {
  const bytes = randomBytes(5.5 * 2 ** 20);
  const offset = 4099;
  let folder = "";
  let file = "";
  let sums: FileSums;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "file-sums-"));
    file = join(folder, "archive.mar");
    writeFileSync(file, bytes);
    sums = make();
  });
  afterEach(async () => {
    await sums.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([1, 4096, 1 << 20, (1 << 20) + 1, 5 << 20])("%i bytes, one run after the other", async (size) => {
    const run = bytes.subarray(offset, offset + size);
    const parts = [
      { offset: 0, length: Math.min(size, 3) },
      { offset: Math.floor(size / 3), length: Math.floor(size / 2) },
    ];
    for (const given of [[], parts]) {
      const found = await sums.of({ file, offset }, size, given);
      expect(found.crc32).toBe(crc32(run));
      expect(found.sha256).toBe(createHash("sha256").update(run).digest("hex"));
      for (const [part, sum] of found.parts) {
        expect(sum).toBe(crc32(run.subarray(part.offset, part.offset + part.length)));
      }
    }
  });

  test("parts in any order; one that overlaps another has no sum, one without bytes neither", async () => {
    const [late, early, over, empty] = [
      { offset: 3 << 20, length: 1 << 20 },
      { offset: 10, length: 2 << 20 },
      { offset: 20, length: 100 },
      { offset: 3 << 20, length: 0 },
    ];
    const { parts } = await sums.of({ file, offset: 0 }, bytes.length, [late, over, early, empty]);
    expect([...parts.keys()]).toEqual([early, late]);
    expect(parts.get(late)).toBe(crc32(bytes.subarray(3 << 20, 4 << 20)));
  });

  test("a file that is gone or cut is an error with its path, and the threads go on", async () => {
    await expect(sums.of({ file: join(folder, "none"), offset: 0 }, 10, [])).rejects.toMatchObject({
      code: "not-found",
    });
    truncateSync(file, 2 << 20);
    await expect(sums.of({ file, offset: 0 }, 5 << 20, [])).rejects.toMatchObject({ code: "unreadable" });
    const { sha256 } = await sums.of({ file, offset: 0 }, 2 << 20, []);
    expect(sha256).toBe(
      createHash("sha256")
        .update(bytes.subarray(0, 2 << 20))
        .digest("hex"),
    );
  });

  test("an interruption is not waited out", async () => {
    const reason = new Error("interrupted");
    const controller = new AbortController();
    const found = sums.of({ file, offset: 0 }, bytes.length, [], controller.signal);
    controller.abort(reason);
    await expect(found).rejects.toBe(reason);
  });

  test.each(["before", "meanwhile"])(
    "a hashing thread that ended %s is an error, not an endless wait",
    async (when) => {
      const hasher = threadHasher(4 << 20);
      const served = new FileSums(hasher);
      try {
        if (when === "before") await hasher.close();
        const found = served.of({ file, offset: 0 }, bytes.length, []);
        found.catch(() => undefined);
        await hasher.close();
        await expect(found).rejects.toMatchObject({ code: "out-of-memory" });
      } finally {
        await served.close();
      }
    },
  );
});
