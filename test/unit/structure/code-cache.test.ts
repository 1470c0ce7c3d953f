import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bundleCli } from "../../../scripts/bundle-cli.js";

interface Cache {
  load(file: string): unknown;
  save(): void;
}
const { CodeCache } = createRequire(import.meta.url)("../../../bin/code-cache.js") as {
  CodeCache: new (folder: string, name: string, build: string) => Cache;
};

describe("V8's code cache beside the bundle", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "code-cache-"));
    mkdirSync(join(folder, "chunks"));
    writeFileSync(join(folder, "main.cjs"), 'exports.answer = require("./chunks/twice.js").twice(21);');
    writeFileSync(
      join(folder, "chunks", "twice.js"),
      `const { basename } = require("node:path");
       exports.twice = (number) => 2 * number;
       exports.file = basename(__filename);
       exports.parent = () => require("../main.cjs");`,
    );
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = (build = "1"): unknown => {
    const cache = new CodeCache(folder, "verify", build);
    const main = cache.load(join(folder, "main.cjs"));
    cache.save();
    return main;
  };
  const cacheFile = (): string => {
    const [name = ""] = readdirSync(join(folder, "code-cache"));
    return join(folder, "code-cache", name);
  };

  test("modules load as with require, each once", () => {
    const cache = new CodeCache(folder, "verify", "1");
    const main = cache.load(join(folder, "main.cjs"));
    expect(main).toEqual({ answer: 42 });
    const twice = cache.load(join(folder, "chunks", "twice.js")) as { file: string; parent(): unknown };
    expect(twice.file).toBe("twice.js");
    expect(twice.parent()).toBe(main);
  });

  test("what was kept is taken, not made again", () => {
    run();
    const { mtimeMs, ino } = statSync(cacheFile());
    expect(run()).toEqual({ answer: 42 });
    expect(statSync(cacheFile())).toMatchObject({ mtimeMs, ino });
  });

  test("a damaged, cut or older cache is passed over and replaced", () => {
    run();
    const sound = readFileSync(cacheFile());
    const flipped = Buffer.from(sound);
    flipped[sound.length - 40] = 255 - (sound[sound.length - 40] ?? 0);
    for (const wrong of [flipped, sound.subarray(0, sound.length - 9), Buffer.from("{}\n"), Buffer.alloc(0)]) {
      writeFileSync(cacheFile(), wrong);
      expect(run()).toEqual({ answer: 42 });
      expect(readFileSync(cacheFile()).length).toBe(sound.length);
    }
    writeFileSync(join(folder, "chunks", "twice.js"), "exports.twice = (number) => 3 * number;");
    expect(run("2")).toEqual({ answer: 63 });
  });

  test("a module that is needed later is added; nothing else stays in the folder", () => {
    run();
    const before = statSync(cacheFile()).size;
    writeFileSync(join(folder, "main.cjs"), 'exports.answer = require("./chunks/more.js").more();');
    writeFileSync(join(folder, "chunks", "more.js"), "exports.more = () => 7;");
    expect(run()).toEqual({ answer: 7 });
    expect(statSync(cacheFile()).size).toBeGreaterThan(before);
    expect(readdirSync(join(folder, "code-cache"))).toHaveLength(1);
  });

  test("where nothing can be written, all the same", () => {
    writeFileSync(join(folder, "code-cache"), "no folder");
    expect(run()).toEqual({ answer: 42 });
    expect(readFileSync(join(folder, "code-cache"), "utf8")).toBe("no folder");
  });
});

test("the bundle works the same from its cache: packages that are loaded on demand, the engine's process", async () => {
  const folder = mkdtempSync(join(tmpdir(), "code-cache-"));
  try {
    await bundleCli(join(folder, "dist", "cli"));
    cpSync("bin", join(folder, "bin"), { recursive: true });
    for (const name of ["node_modules", "data"]) symlinkSync(resolve(name), join(folder, name));
    const model = resolve("fixtures/tiny/cnn10_static.onnx");
    const handler = resolve("fixtures/efficientnet-lite0/onnx_handler.py");
    const run = (...args: string[]) => {
      const ran = spawnSync(process.execPath, [join(folder, "bin", "model-archiver.js"), ...args], { cwd: folder });
      return { code: ran.status, stderr: ran.stderr.toString() };
    };
    const pack = ["archive", "--model-name", "m", "--version", "1", "--serialized-file", model, "--handler", handler];
    for (const round of ["first", "second", "third"]) {
      expect([round, run(...pack, "--archive-format", "tgz", "--force").stderr]).toEqual([
        round,
        expect.not.stringContaining("error"),
      ]);
      expect([round, run("verify", "m.tar.gz")]).toEqual([round, { code: 0, stderr: "" }]);
    }
    expect(readdirSync(join(folder, "dist", "cli", "code-cache")).toSorted()).toEqual([
      expect.stringMatching(/^archive-/),
      expect.stringMatching(/^verify-/),
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
