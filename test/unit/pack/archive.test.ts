import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openArchive } from "../../../src/archive/open.ts";
import { ArchiverError } from "../../../src/errors.ts";
import { type ArchiveOptions, type ArchiveResult, archive } from "../../../src/pack/pack.ts";
import { type Recipe, archiveFormats } from "../../../src/pack/recipe.ts";

const tiny = fileURLToPath(new URL("../../../fixtures/tiny/", import.meta.url));

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "archive-"));
  put("h.py", "def handle(data, context): return data\n");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, text = path): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const base = { modelName: "m", version: "1.0", handler: "h.py", exportPath: "out" };

function pack(recipe: Partial<Recipe>, options: ArchiveOptions = {}): Promise<ArchiveResult> {
  return archive({ ...base, ...recipe }, { cwd: folder, env: {}, ...options });
}

async function names(recipe: Partial<Recipe>): Promise<string[]> {
  const { entries } = await pack(recipe, { dryRun: true });
  return entries.map((entry) => entry.path);
}

async function failure(recipe: Partial<Recipe>, options: ArchiveOptions = {}): Promise<ArchiverError> {
  const error = await pack(recipe, options).then(
    () => new Error("it was packed"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ArchiverError)) throw error;
  return error;
}

describe("inputs", () => {
  test("all that is missing is said at once, and nothing is written", async () => {
    const error = await failure({
      serializedFile: "w.pt",
      modelFile: "m.py",
      handler: "x:fn",
      extraFiles: ["a,h.py", "b/c"],
    });
    expect(error.code).toBe("missing-input");
    for (const each of [
      "--serialized-file w.pt",
      "--model-file m.py",
      "--handler x.py",
      "--extra-files a",
      "--extra-files b/c",
    ]) {
      expect(error.message).toContain(each);
    }
    expect(readdirSync(folder)).toEqual(["h.py"]);
  });

  test.each(["h.py:fn", "h:fn", "h", "h.py", "./h.py:fn"])("handler %s is h.py", async (handler) => {
    expect(await names({ handler })).toEqual(["h.py"]);
    expect((await pack({ handler }, { dryRun: true })).manifest.model.handler).toBe(handler.replace("./", ""));
  });

  test("blanks after commas, also in names", async () => {
    put("a.txt");
    put(" b.txt");
    expect(await names({ extraFiles: ["a.txt, h.py , b.txt", ""] })).toEqual([" b.txt", "a.txt", "h.py"]);
  });

  test("name=path, into folders, with folders and wildcards", async () => {
    put("data/v1.txt");
    put("data/v2.txt");
    put("a=b.txt");
    expect(
      await names({
        extraFiles: [
          "vocab.txt=data/v1.txt,x/y.txt=data/v2.txt",
          "all=data",
          "some/=data/*1.txt",
          "one/=h.py",
          "a=b.txt",
        ],
      }),
    ).toEqual(["a=b.txt", "all/v1.txt", "all/v2.txt", "h.py", "one/h.py", "some/v1.txt", "vocab.txt", "x/y.txt"]);
    expect((await failure({ extraFiles: ["../x=h.py"] })).code).toBe("bad-entry-name");
  });

  test("--keep-directories keeps files and folders where they are", async () => {
    put("a/config.json");
    put("b/config.json");
    put("b/deep/x.txt");
    const keepDirectories = true;
    expect(await names({ keepDirectories, extraFiles: ["a/config.json,b", "./b/deep/../config.json"] })).toEqual([
      "a/config.json",
      "b/config.json",
      "b/deep/x.txt",
      "h.py",
    ]);
    expect(await names({ keepDirectories, extraFiles: [join(folder, "a")] })).toContain("a/config.json");
  });

  test("two different files for one name: both are named, with size and digest", async () => {
    put("a/config.json", "{}");
    put("b/config.json", "[1]");
    const error = await failure({ extraFiles: ["a/config.json,b/config.json"] });
    expect(error.code).toBe("archive-name-collision");
    expect(error.message).toMatch(/a\/config\.json {3}2 B {3}sha256 [0-9a-f]{16}/);
    expect(error.message).toMatch(/b\/config\.json {3}3 B {3}sha256 [0-9a-f]{16}/);
  });

  test("two equal files for one name are one", async () => {
    put("a/config.json", "{}");
    put("b/config.json", "{}");
    expect(await names({ extraFiles: ["a,b/config.json"] })).toEqual(["config.json", "h.py"]);
  });

  test("a file where another entry needs a folder", async () => {
    expect((await failure({ extraFiles: ["a=h.py,a/b=h.py"] })).code).toBe("archive-name-collision");
  });

  test("a manifest of the user's own is refused", async () => {
    put("extra/MAR-INF/MANIFEST.json", "{}");
    expect((await failure({ extraFiles: ["extra"] })).code).toBe("manifest-in-inputs");
  });

  test("links inside of a folder are followed, links that leave it are refused, circles end", async () => {
    put("outside.txt");
    put("extra/in.txt");
    symlinkSync("in.txt", join(folder, "extra/link.txt"));
    symlinkSync(".", join(folder, "extra/circle"));
    expect(await names({ extraFiles: ["extra"] })).toEqual(["h.py", "in.txt", "link.txt"]);
    symlinkSync("../outside.txt", join(folder, "extra/out.txt"));
    expect((await failure({ extraFiles: ["extra"] })).code).toBe("link-outside");
    expect((await failure({ extraFiles: ["extra/*.txt"] })).code).toBe("link-outside");
    expect(await names({ extraFiles: ["extra/out.txt"] })).toEqual(["h.py", "out.txt"]);
    rmSync(join(folder, "extra/out.txt"));
    symlinkSync("nowhere", join(folder, "extra/dangling"));
    expect((await failure({ extraFiles: ["extra"] })).code).toBe("missing-input");
  });

  test("secrets and rubbish stay out of a swept folder and are said; named or included they are packed", async () => {
    const key = "-----BEGIN RSA PRIVATE KEY-----\n";
    for (const path of [".env", ".env.production", "id_rsa", ".DS_Store", ".git", "store.p12"]) put(`extra/${path}`);
    put("extra/server.pem", key);
    put("extra/ca.pem", "-----BEGIN CERTIFICATE-----\n");
    put("extra/.env.example");
    put("extra/.hidden");
    put("extra/.venv/x");
    const result = await pack({ extraFiles: ["extra"] }, { dryRun: true });
    expect(result.entries.map((entry) => entry.path)).toEqual([".env.example", ".hidden", "ca.pem", "h.py"]);
    expect(result.leftOut).toHaveLength(8);
    expect(await names({ extraFiles: ["extra"], include: [".env", "*.p12", ".venv"] })).toEqual([
      ".env",
      ".env.example",
      ".hidden",
      ".venv/x",
      "ca.pem",
      "h.py",
      "store.p12",
    ]);
    expect(await names({ extraFiles: ["extra/.env,extra/id_rsa"] })).toEqual([".env", "h.py", "id_rsa"]);
  });

  test("external data of an ONNX model comes along; a model whose data is missing or elsewhere is refused", async () => {
    expect(await names({ serializedFile: join(tiny, "external/model.onnx") })).toEqual([
      "h.py",
      "model.onnx",
      "model.onnx.data",
    ]);
    expect((await failure({ serializedFile: join(tiny, "external_missing/model.onnx") })).code).toBe("missing-input");
    expect((await failure({ serializedFile: join(tiny, "external_evil/model.onnx") })).code).toBe("bad-external-data");
  });

  test.each([
    ["a: [", "bad-config"],
    ["", "bad-config"],
    ["# nothing\n", "bad-config"],
  ])("--config-file %j is refused", async (text, code) => {
    put("cfg.yaml", text);
    expect((await failure({ configFile: "cfg.yaml" })).code).toBe(code);
  });

  test.each(["", "-m", "a b", "a/b", "ü", "../m", ".m"])("%j is no model name", async (modelName) => {
    expect((await failure({ modelName })).code).toBe("bad-model-name");
  });
});

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
        expect(files.map((entry) => [entry.path, entry.size]).toSorted()).toEqual(
          result.entries.map((entry) => [entry.path, entry.size]).toSorted(),
        );
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
