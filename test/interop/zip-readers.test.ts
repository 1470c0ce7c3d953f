import { execFileSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeDisk } from "../../src/archive/disk.ts";
import { type EntrySource, fileSource } from "../../src/archive/entry-source.ts";
import { writeAtomically } from "../../src/archive/atomic-output.ts";
import { openArchive } from "../../src/archive/open.ts";
import type { WrittenArchive } from "../../src/archive/written-archive.ts";
import { writeZip } from "../../src/archive/zip-writer.ts";
import { archive } from "../../src/pack/pack.ts";
import { askPython, lacksProgram, lacksPython } from "./python.ts";

const reason = lacksPython("zipfile") ?? lacksProgram("java", "unzip");
const javaReader = fileURLToPath(new URL("ReadStream.java", import.meta.url));

/** Reads every byte; zipfile checks the CRC itself. */
const pythonReader = `
import json, sys, zipfile
out = []
with zipfile.ZipFile(sys.argv[1]) as z:
    for i in z.infolist():
        assert i.flag_bits & ~0x800 == 0 and i.compress_type in (0, 8), i
        assert i.date_time == (1980, 1, 1, 0, 0, 0) and i.external_attr >> 16 in (0o100644, 0o100755), i
        size = 0
        with z.open(i) as f:
            while block := f.read(1 << 20):
                size += len(block)
        out.append([i.filename, size, i.CRC])
print(json.dumps(out))
`;

const pythonTar = `
import json, sys, tarfile, zlib
out = []
with tarfile.open(sys.argv[1]) as t:
    for m in t:
        assert m.isreg() and m.mtime == 315532800 and m.mode in (0o644, 0o755), (m.name, m.mtime, m.mode)
        data = t.extractfile(m).read()
        out.append([m.name, len(data), zlib.crc32(data)])
print(json.dumps(out))
`;

function javaEntries(path: string): unknown[] {
  const text = execFileSync("java", [javaReader, path], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: { ...process.env, LC_ALL: "C.UTF-8" },
  });
  return text
    .trim()
    .split("\n")
    .map((line) => line.split("\t"))
    .map(([name, size, crc]) => [name, Number(size), Number(crc)]);
}

describe.skipIf(reason !== null)(`what other readers say of our archives ${reason ?? ""}`, () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "zip-readers-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const expectAllRead = async (path: string, written: WrittenArchive): Promise<void> => {
    const expected = written.entries.map(({ path: name, size, crc32 }) => [name, size, crc32]);
    expect(askPython(pythonReader, [path])).toEqual(expected);
    expect(execFileSync("unzip", ["-tqq", path], { encoding: "utf8" })).toBe("");
    expect(javaEntries(path)).toEqual(expected);
    const opened = await openArchive(path);
    try {
      expect(opened.anomalies).toEqual([]);
      expect(opened.entries.map((entry) => [entry.path, entry.size, entry.crc32])).toEqual(expected);
    } finally {
      await opened.close();
    }
  };

  const pack = (name: string, files: readonly [string, string][], store: boolean, sizes: readonly number[]) => {
    const entries = files.map(([path, file], i) => ({
      path,
      mode: i % 2 === 0 ? (0o644 as const) : (0o755 as const),
      source: fileSource(file, sizes[i] ?? 0),
    }));
    const seal = async () => [{ path: "MAR-INF/MANIFEST.json", bytes: Buffer.from("{}") }];
    return writeAtomically(nodeDisk, join(folder, name), (file) =>
      writeZip(file, entries, { disk: nodeDisk, store, seal }),
    );
  };

  test.each([false, true])("empty, small, large, compressible and not, non-ASCII names (stored: %s)", async (store) => {
    const noise = Buffer.alloc(3_333_333);
    for (let i = 0, x = 1; i < noise.length; i += 1) noise[i] = (x = (Math.imul(x, 1103515245) + 12345) >>> 0) >>> 24;
    const contents = [
      Buffer.alloc(0),
      Buffer.from("a"),
      Buffer.alloc(5_000_001, "text "),
      noise,
      Buffer.from("x".repeat(999)),
    ];
    const names = ["a", "b/ü", "c/модель.txt", "d", "e/😀/f"];
    const files = contents.map((content, i): [string, string] => {
      writeFileSync(join(folder, `in-${i}`), content);
      return [names[i] ?? "", join(folder, `in-${i}`)];
    });
    const written = await pack(
      `mixed-${store}.mar`,
      files,
      store,
      contents.map((content) => content.length),
    );
    expect(written.entries.map((entry) => entry.method)).toEqual(
      store ? Array(6).fill("stored") : ["stored", "stored", "deflated", "stored", "deflated", "stored"],
    );
    await expectAllRead(join(folder, `mixed-${store}.mar`), written);
  });

  test.each([false, true])("sparse files over 4 GiB (stored: %s)", async (store) => {
    const sizes = [2 ** 32 + 12_345_678, 17];
    const files = sizes.map((size, i): [string, string] => {
      const file = join(folder, `big-${i}`);
      const fd = openSync(file, "w");
      ftruncateSync(fd, size);
      writeSync(fd, "end", size - 3);
      closeSync(fd);
      return [`weights/${i}.bin`, file];
    });
    const written = await pack("big.mar", files, store, sizes);
    expect(written.entries[0]?.method).toBe("stored");
    await expectAllRead(join(folder, "big.mar"), written);
    rmSync(join(folder, "big.mar"));
    for (const [, file] of files) rmSync(file);
  });

  test("over 4 GiB, deflated", async () => {
    // 2 % noise: too much for a bomb, and fast to pack.
    const block = Buffer.alloc(1 << 20);
    for (let i = 0, x = 1; i < 20_000; i += 1) block[i * 50] = (x = (Math.imul(x, 1103515245) + 12345) >>> 0) >>> 24;
    const size = 2 ** 32 + 7_654_321;
    const source: EntrySource = {
      size,
      open: async () => ({
        read: async (target, position) =>
          target.set(block.subarray(position % block.length).subarray(0, target.length)),
        close: async () => {},
      }),
    };
    const file = join(folder, "deflated.mar");
    const seal = async () => [{ path: "MAR-INF/MANIFEST.json", bytes: Buffer.from("{}") }];
    const written = await writeAtomically(nodeDisk, file, (output) =>
      writeZip(output, [{ path: "big", mode: 0o644, source }], { disk: nodeDisk, store: false, seal }),
    );
    expect(written.entries[0]?.method).toBe("deflated");
    await expectAllRead(file, written);
    rmSync(file);
  });

  test("70,000 entries", async () => {
    const file = join(folder, "small");
    writeFileSync(file, "content");
    const files = Array.from({ length: 70_000 }, (_, i): [string, string] => [`f/${i}`, file]);
    const written = await pack("many.mar", files, false, Array(70_000).fill(7));
    expect(askPython(pythonReader, [join(folder, "many.mar")])).toHaveLength(70_001);
    expect(javaEntries(join(folder, "many.mar"))).toHaveLength(70_001);
    expect(written.entries).toHaveLength(70_001);
  });

  test("tar.gz through Python's tarfile", async () => {
    writeFileSync(join(folder, "h.py"), "def handle(data, context): return data\n");
    writeFileSync(join(folder, "w.bin"), Buffer.alloc(2_500_000, "weights"));
    const long = `${"long-".repeat(30)}name/${"ü".repeat(40)}.txt`;
    const result = await archive(
      {
        modelName: "m",
        version: "1",
        handler: "h.py",
        extraFiles: ["w.bin", `${long}=h.py`],
        archiveFormat: "tgz",
        exportPath: "out",
      },
      { cwd: folder, env: {} },
    );
    const read = askPython(pythonTar, [result.path]);
    const names = result.entries.map((entry) => [`m/${entry.path}`, entry.size, expect.any(Number)]);
    expect(read).toEqual(names);
    execFileSync("gzip", ["-t", result.path]);
  });
});
