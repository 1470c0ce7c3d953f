import fc from "fast-check";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Archive } from "../../../src/archive/archive.ts";
import { memorySource } from "../../../src/archive/byte-source.ts";
import { nodeDisk } from "../../../src/archive/disk.ts";
import { collisionAnomalies, nameAnomalies } from "../../../src/archive/entry-path.ts";
import { byteEntry, type PlannedEntry } from "../../../src/archive/entry-source.ts";
import { openArchive } from "../../../src/archive/open.ts";
import { writeTarGz } from "../../../src/archive/tar-writer.ts";
import { writeZip } from "../../../src/archive/zip-writer.ts";

const folder = mkdtempSync(join(tmpdir(), "round-trip-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

/** The entry that is written last. */
const seal = async () => [{ path: "MAR-INF/MANIFEST.json", bytes: Buffer.from("{}") }];
const common = { disk: nodeDisk, seal };
const last: Given = { path: "MAR-INF/MANIFEST.json", data: Uint8Array.from(Buffer.from("{}")), run: false };

interface Given {
  readonly path: string;
  readonly data: Uint8Array;
  readonly run: boolean;
}

const given: fc.Arbitrary<Given> = fc.record({
  path: fc
    .array(fc.string({ unit: fc.constantFrom(...Array.from("abcXYZ019 ._-éßж漢👩")), minLength: 1, maxLength: 12 }), {
      minLength: 1,
      maxLength: 4,
    })
    .map((segments) => segments.join("/"))
    .filter((path) => nameAnomalies(path).length === 0),
  data: fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.integer({ min: 0, max: 3 << 20 }).map((length) => Buffer.alloc(length, "text ")),
  ),
  run: fc.boolean(),
});

const plan: fc.Arbitrary<readonly Given[]> = fc
  .uniqueArray(given, { maxLength: 6, selector: ({ path }) => path })
  .filter((files) => {
    const entries = files.map(({ path }) => ({ path, kind: "file", size: 0, packedSize: 0 }) as const);
    const full = entries.map((entry) => ({ ...entry, method: "stored", mode: null, crc32: null }) as const);
    return collisionAnomalies(full).length === 0;
  });

function planned({ path, data, run }: Given): PlannedEntry {
  return { path, mode: run ? 0o755 : 0o644, source: byteEntry(memorySource(data)) };
}

/** A file with its data as a digest: comparing megabytes one by one takes seconds. */
interface Shown {
  readonly path: string;
  readonly sha256: string;
  readonly run: boolean;
}

function shown({ path, data, run }: Given): Shown {
  return { path, sha256: createHash("sha256").update(data).digest("hex"), run };
}

async function contents(archive: Archive): Promise<Shown[]> {
  const files: Shown[] = [];
  for (const entry of archive.entries) {
    const source = await archive.open(entry);
    const data = await source.read(0, source.size);
    files.push(shown({ path: entry.path, data, run: ((entry.mode ?? 0) & 0o111) !== 0 }));
  }
  return files;
}

async function written(suffix: string, write: (file: Awaited<ReturnType<typeof nodeDisk.create>>) => Promise<unknown>) {
  const path = join(folder, `${(count += 1)}${suffix}`);
  const file = await nodeDisk.create(path, 0o600);
  await write(file);
  await file.close();
  return openArchive(path);
}

test("what was written as ZIP is what is read, and nothing is wrong with it", async () => {
  await fc.assert(
    fc.asyncProperty(plan, fc.boolean(), async (files, store) => {
      const archive = await written(".mar", (file) => writeZip(file, files.map(planned), { ...common, store }));
      try {
        expect(archive.anomalies).toEqual([]);
        expect((await archive.digests()).anomalies).toEqual([]);
        expect(await contents(archive)).toEqual([...files, last].map(shown));
      } finally {
        await archive.close();
      }
    }),
    { numRuns: 60 },
  );
});

test("what was written as tar.gz is what is read, and nothing is wrong with it", async () => {
  await fc.assert(
    fc.asyncProperty(plan, async (files) => {
      const archive = await written(".tar.gz", (file) => writeTarGz(file, "model", files.map(planned), common));
      try {
        expect(archive.anomalies).toEqual([]);
        expect((await archive.digests()).anomalies).toEqual([]);
        expect(await contents(archive)).toEqual([...files, last].map(shown));
      } finally {
        await archive.close();
      }
    }),
    { numRuns: 30 },
  );
});
