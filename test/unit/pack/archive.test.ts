import { chmodSync, readFileSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openArchive } from "../../../src/archive/open.ts";
import { archive } from "../../../src/pack/pack.ts";
import { type Recipe, archiveFormats } from "../../../src/pack/recipe.ts";
import { base, failure, folder, pack, put } from "./workspace.ts";

function sizes(entries: readonly { readonly path: string; readonly size: number }[]): Record<string, number> {
  return Object.fromEntries(entries.map((entry) => [entry.path, entry.size]));
}

describe("output", () => {
  test.each(archiveFormats)(
    "%s reads back: same entries, same digests, the same integrity root",
    async (archiveFormat) => {
      put("extra/deep/ü.txt");
      put("extra/run.sh");
      chmodSync(join(folder, "extra/run.sh"), 0o700);
      put("w.bin", "weights ".repeat(300_000));
      const result = await pack({ archiveFormat, serializedFile: "w.bin", extraFiles: ["extra"] });
      const opened = await openArchive(result.path);
      try {
        expect(opened.anomalies).toEqual([]);
        const files = opened.entries.filter((entry) => entry.kind === "file");
        expect(sizes(files)).toEqual(sizes(result.entries));
        expect(files.find((entry) => entry.path === "run.sh")?.mode).toBe(0o755);
        expect(files.find((entry) => entry.path === "h.py")?.mode).toBe(0o644);
      } finally {
        await opened.close();
      }
      expect(result.integrityRoot).toBe(
        (
          await pack({
            archiveFormat: "zip-store",
            exportPath: "other",
            serializedFile: "w.bin",
            extraFiles: ["extra"],
          })
        ).integrityRoot,
      );
    },
  );

  test.each(["default", "zip-store", "tgz"] as const)(
    "%s: the same bytes, whatever the zone, folder, order and umask",
    async (archiveFormat) => {
      put("extra/a.txt");
      put("extra/b.txt");
      put("w.bin", "weights ".repeat(300_000));
      const recipe = { archiveFormat, serializedFile: "w.bin", extraFiles: ["extra"] };
      const first = await pack(recipe);
      const zone = process.env["TZ"];
      const mask = process.umask(0o077);
      process.env["TZ"] = "Pacific/Kiritimati";
      try {
        const other = await archive(
          {
            ...base,
            archiveFormat,
            handler: join(folder, "h.py"),
            exportPath: "again",
            serializedFile: "w.bin",
            extraFiles: ["extra/b.txt,../" + folder.split("/").at(-1) + "/extra/a.txt"],
          },
          { cwd: folder, env: {} },
        );
        expect(readFileSync(other.path).equals(readFileSync(first.path))).toBe(true);
      } finally {
        process.umask(mask);
        if (zone === undefined) delete process.env["TZ"];
        else process.env["TZ"] = zone;
      }
    },
  );

  test("createdOn: asked for, else SOURCE_DATE_EPOCH, else the newest input", async () => {
    utimesSync(join(folder, "h.py"), 1_000_000_000, 1_000_000_000);
    const created = async (recipe: Partial<Recipe>, env = {}) =>
      (await pack(recipe, { dryRun: true, env, now: () => new Date(0) })).manifest.createdOn;
    expect(await created({})).toBe("09/09/2001 01:46:40");
    expect(await created({}, { SOURCE_DATE_EPOCH: "86400" })).toBe("02/01/1970 00:00:00");
    expect(await created({ createdOn: "now" }, { SOURCE_DATE_EPOCH: "86400" })).toBe("01/01/1970 00:00:00");
    expect(await created({ createdOn: "2026-11-22T16:50:55" })).toBe("22/11/2026 16:50:55");
    expect(await created({ createdOn: "2026-11-22T16:50:55+02:00" })).toBe("22/11/2026 14:50:55");
    expect((await failure({ createdOn: "yesterday" })).code).toBe("bad-created-on");
    expect((await failure({}, { env: { SOURCE_DATE_EPOCH: "soon" } })).code).toBe("bad-created-on");
  });

  test("an existing output is kept without --force, and only an unpacked archive is replaced as a folder", async () => {
    await pack({});
    expect((await failure({})).code).toBe("already-exists");
    expect((await pack({ force: true })).warnings).toHaveLength(1);
    put("out/m/precious.txt");
    expect((await failure({ archiveFormat: "no-archive", force: true })).code).toBe("already-exists");
    put("out/m/MAR-INF/MANIFEST.json", "{}");
    await pack({ archiveFormat: "no-archive", force: true });
    expect(readdirSync(join(folder, "out/m")).toSorted()).toEqual(["MAR-INF", "h.py"]);
    expect(readdirSync(join(folder, "out")).toSorted()).toEqual(["m", "m.mar"]);
  });

  test.each(["h.py", "h.py/below", "/proc/nope/below"])(
    "--export-path %s cannot be made: said, not hung",
    async (exportPath) => {
      expect(["already-exists", "not-a-file", "not-found", "unreadable"]).toContain(
        (await failure({ exportPath })).code,
      );
    },
  );

  test("a missing --export-path is made", async () => {
    expect((await pack({ exportPath: "a/b/c" })).path).toMatch(/a\/b\/c\/m\.mar$/);
  });

  test("a dry run writes nothing", async () => {
    expect(await pack({}, { dryRun: true })).toMatchObject({ written: false, size: null, integrityRoot: null });
    expect(readdirSync(folder)).toEqual(["h.py"]);
  });

  test("progress ends at the whole", async () => {
    put("w.bin", "x".repeat(3_000_000));
    let last: readonly number[] = [];
    await pack({ serializedFile: "w.bin" }, { onProgress: (done, total) => (last = [done, total]) });
    expect(last).toEqual([3_000_039, 3_000_039]);
  });
});

describe("--from", () => {
  test.each(archiveFormats)(
    "an archive in format %s is packed again: values kept, content replaced where given",
    async (archiveFormat) => {
      put("w.bin", "weights ".repeat(300_000));
      put("new/h.py", "def handle(data, context): return 1\n");
      const old = await pack({ archiveFormat, serializedFile: "w.bin", runtime: "python3", createdOn: "2001-02-03" });
      const same = await archive({ from: old.path, exportPath: "same" }, { cwd: folder, env: {} });
      expect(same.manifest).toEqual(old.manifest);
      expect(same.integrityRoot).toBe(old.integrityRoot);
      const changed = await archive(
        { from: old.path, handler: "new/h.py", version: "2", exportPath: "changed" },
        { cwd: folder, env: {} },
      );
      expect(changed.manifest).toMatchObject({
        runtime: "python3",
        model: { modelName: "m", modelVersion: "2", serializedFile: "w.bin" },
      });
      expect(changed.entries.find((entry) => entry.path === "h.py")?.size).toBe(36);
    },
  );

  test("a broken archive is refused", async () => {
    const { path } = await pack({});
    const bytes = readFileSync(path);
    bytes.writeUInt8(0x41, 30);
    writeFileSync(path, bytes);
    const error = await archive({ from: path, exportPath: "x" }, { cwd: folder, env: {} }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "bad-archive" });
  });
});
