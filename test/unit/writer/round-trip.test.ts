import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeAtomically } from "../../../src/archive/atomic-output.ts";
import { memorySource } from "../../../src/archive/byte-source.ts";
import { nodeDisk } from "../../../src/archive/disk.ts";
import { type PlannedEntry, byteEntry } from "../../../src/archive/entry-source.ts";
import { openArchive } from "../../../src/archive/open.ts";
import { writeTarGz } from "../../../src/archive/tar-writer.ts";
import type { WrittenArchive } from "../../../src/archive/written-archive.ts";
import { writeZip } from "../../../src/archive/zip-writer.ts";
import { centralRecord, endRecords, localHeader } from "../../../src/archive/zip-writer-records.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "round-trip-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Sizes around the limits of the writer: nothing, one block, several; noise, text, zeros. */
const content = fc
  .record({
    size: fc.constantFrom(0, 1, 40, 8191, 8193, 32_769, 65_537, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 2_222_222),
    kind: fc.constantFrom("noise", "text", "zeros"),
    seed: fc.nat(),
  })
  .map(({ size, kind, seed }) => {
    const bytes = Buffer.alloc(size, kind === "text" ? "some text, " : 0);
    if (kind === "noise")
      for (let i = 0, x = seed; i < size; i += 1) bytes[i] = (x = (Math.imul(x, 1103515245) + 12345) >>> 0) >>> 24;
    return bytes;
  });

const name = fc
  .array(fc.string({ unit: fc.constantFrom(...Array.from("abzé字😀-_")), minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 3,
  })
  .map((parts) => parts.map((part) => `n${part}`).join("/"));

const plans = fc
  .uniqueArray(fc.tuple(name, content, fc.boolean()), {
    selector: ([path]) => path.toLowerCase().normalize("NFC"),
    maxLength: 6,
  })
  .filter((rows) => !rows.some(([a]) => rows.some(([b]) => b.startsWith(`${a}/`))));

const seal = async () => [{ path: "MAR-INF/MANIFEST.json", bytes: Buffer.from("{}") }];

async function check(
  path: string,
  plan: readonly PlannedEntry[],
  contents: readonly Buffer[],
  written: WrittenArchive,
) {
  const opened = await openArchive(path);
  try {
    expect(opened.anomalies).toEqual([]);
    expect(opened.entries.map((entry) => [entry.path, entry.mode])).toEqual([
      ...plan.map((entry) => [entry.path, entry.mode]),
      ["MAR-INF/MANIFEST.json", 0o644],
    ]);
    for (const [i, bytes] of contents.entries()) {
      const parts: Uint8Array[] = [];
      const entry = opened.entries[i];
      if (entry) for await (const part of opened.stream(entry)) parts.push(part);
      expect(Buffer.concat(parts).equals(bytes)).toBe(true);
      expect(written.entries[i]?.sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
    }
    expect(written.size).toBe(readFileSync(path).length);
  } finally {
    await opened.close();
  }
}

describe("what is written reads back, entry for entry", () => {
  test.each(["stored", "default", "tgz"])("%s", async (kind) => {
    const path = join(folder, kind === "tgz" ? "m.tar.gz" : "m.mar");
    await fc.assert(
      fc.asyncProperty(plans, async (rows) => {
        const contents = rows.map(([, bytes]) => bytes);
        const plan = rows.map(([entry, bytes, executable]): PlannedEntry => ({
          path: entry,
          mode: executable ? 0o755 : 0o644,
          source: byteEntry(memorySource(bytes)),
        }));
        const options = { disk: nodeDisk, seal };
        const written = await writeAtomically(nodeDisk, path, (file) =>
          kind === "tgz"
            ? writeTarGz(file, "m", plan, options)
            : writeZip(file, plan, { ...options, store: kind === "stored" }),
        );
        await check(path, plan, contents, written);
      }),
      { numRuns: 25 },
    );
  });
});

describe("ZIP64 exactly when needed", () => {
  const record = { path: "a", mode: 0o644, method: "stored", crc32: 1, size: 1, packedSize: 1, offset: 0 } as const;
  const limit = 0xffffffff;

  test.each([
    [limit - 1, 31],
    [limit, 51],
    [2 ** 40, 51],
  ])("local header of %d bytes", (size, length) => {
    const header = localHeader({ ...record, size, packedSize: size });
    expect(header).toHaveLength(length);
    expect(header.readUInt16LE(4)).toBe(length === 31 ? 20 : 45);
    expect(header.readUInt16LE(6) & 8).toBe(0);
  });

  test.each([
    [{ ...record, offset: limit - 1 }, 47],
    [{ ...record, offset: limit }, 59],
    [{ ...record, size: limit }, 59],
    [{ ...record, size: limit, packedSize: limit, offset: limit }, 75],
  ])("central record %#", (each, length) => expect(centralRecord(each)).toHaveLength(length));

  test.each([
    [1, 1, 1, 22],
    [65_534, 1, 1, 22],
    [65_535, 1, 1, 98],
    [1, 1, limit, 98],
  ])("end of %d entries", (count, size, offset, length) =>
    expect(endRecords(count, size, offset)).toHaveLength(length),
  );
});
