import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Disk, nodeDisk } from "../../../src/archive/disk.ts";
import { archive } from "../../../src/pack/pack.ts";
import type { ArchiveFormat } from "../../../src/pack/recipe.ts";

/** The real disk, on which something changes a written file before anybody reads it again. */
function meddled(change: (bytes: Buffer) => Uint8Array): Disk {
  const created = new Set<string>();
  return {
    ...nodeDisk,
    create: (path, mode) => {
      created.add(path);
      return nodeDisk.create(path, mode);
    },
    open: (path) => {
      if (created.has(path)) writeFileSync(path, change(readFileSync(path)));
      return nodeDisk.open(path);
    },
  };
}

describe("archive reads its output again before it says done", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "reopen-"));
    writeFileSync(join(folder, "weights.bin"), Buffer.alloc(5000, 7));
    writeFileSync(join(folder, "h.py"), "def handle(data, context): return data\n");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const pack = (disk: Disk, archiveFormat: ArchiveFormat) =>
    archive(
      {
        modelName: "m",
        version: "1",
        handler: "h.py",
        serializedFile: "weights.bin",
        exportPath: "out",
        archiveFormat,
      },
      { cwd: folder, env: {}, disk },
    );
  const edit = (bytes: Buffer, at: number): Buffer => {
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes;
  };

  test.each<[string, ArchiveFormat, (bytes: Buffer) => Uint8Array]>([
    ["cut off", "default", (bytes) => bytes.subarray(0, -1)],
    ["grown", "default", (bytes) => Buffer.concat([bytes, Buffer.alloc(3)])],
    ["a local header's size", "zip-store", (bytes) => edit(bytes, 22)],
    ["a name in the directory", "default", (bytes) => edit(bytes, bytes.lastIndexOf("weights.bin"))],
    ["a CRC in the directory", "default", (bytes) => edit(bytes, bytes.lastIndexOf("PK\x01\x02") + 16)],
    ["the end record", "default", (bytes) => edit(bytes, bytes.length - 12)],
    ["the tar header", "tgz", (bytes) => bytes.fill(0, 10, 60)],
    ["the end of the tar", "tgz", (bytes) => edit(bytes, bytes.length - 4)],
  ])("%s of %s", async (_what, format, change) => {
    await expect(pack(meddled(change), format)).rejects.toMatchObject({ code: "output-damaged" });
    expect(readdirSync(join(folder, "out"))).toEqual([]);
  });

  test.each<ArchiveFormat>(["default", "zip-store", "tgz", "no-archive"])("%s unharmed", async (format) => {
    const result = await pack(
      meddled((bytes) => bytes),
      format,
    );
    expect(result.written).toBe(true);
  });
});
