import { execFileSync, spawn } from "node:child_process";
import fs, {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { archive } from "../../../src/pack/pack.ts";
import { archiveFormats } from "../../../src/pack/recipe.ts";
import { brokenDisk } from "./broken-disk.ts";

const suffix = { default: ".mar", "zip-store": ".mar", tgz: ".tar.gz", "no-archive": "" } as const;

describe("a writer that fails leaves the old output and nothing else", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "faults-"));
    const noise = Buffer.alloc(1_300_000);
    for (let i = 0, x = 1; i < noise.length; i += 1) noise[i] = (x = (Math.imul(x, 1103515245) + 12345) >>> 0) >>> 24;
    writeFileSync(join(folder, "weights.bin"), noise);
    writeFileSync(join(folder, "text.bin"), Buffer.alloc(1_200_000, "compressible "));
    writeFileSync(join(folder, "h.py"), "def handle(data, context): return data\n");
    mkdirSync(join(folder, "extra"));
    for (let i = 0; i < 5; i += 1) writeFileSync(join(folder, "extra", `${i}.txt`), `${i}`.repeat(i * 1000));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const recipe = {
    modelName: "m",
    version: "1",
    handler: "h.py",
    serializedFile: "weights.bin",
    extraFiles: ["text.bin,extra"],
    exportPath: "out",
    force: true,
  };

  const state = (path: string): string =>
    statSync(path).isDirectory()
      ? readFileSync(join(path, "MAR-INF/MANIFEST.json"), "utf8")
      : readFileSync(path, "latin1");

  test("a disk that fails behind the writer's back, while the rest is still being written", async () => {
    const large = join(folder, "large.bin");
    writeFileSync(large, "");
    truncateSync(large, 70 << 20);
    const input = { ...recipe, serializedFile: "large.bin", archiveFormat: "zip-store", exportPath: "late" } as const;
    const failing = vi.spyOn(fs, "fdatasync").mockImplementation((_, done) => done(new Error("planned failure")));
    try {
      await expect(archive(input, { cwd: folder })).rejects.toThrow("planned failure");
      expect(failing).toHaveBeenCalledOnce();
    } finally {
      failing.mockRestore();
    }
    expect(readdirSync(join(folder, "late"))).toEqual([]);
    await archive(input, { cwd: folder });
  });

  test.each(archiveFormats)("%s: at every read, write, open and rename", async (archiveFormat) => {
    const output = join(folder, "out", `m${suffix[archiveFormat]}`);
    const env = { SOURCE_DATE_EPOCH: "1" };
    await archive({ ...recipe, archiveFormat }, { cwd: folder, env });
    const before = state(output);
    const listing = readdirSync(join(folder, "out"));
    for (let n = 1; n <= 200; n += 1) {
      const disk = brokenDisk(n);
      const outcome = await archive({ ...recipe, version: "2", archiveFormat }, { cwd: folder, env, disk }).then(
        () => null,
        (error: unknown) => error,
      );
      expect(disk.leaked()).toBe(0);
      if (outcome === null) {
        expect(disk.calls()).toBeLessThan(n);
        expect(n).toBeGreaterThan(20);
        break;
      }
      expect(outcome).toMatchObject({ code: "no-space" });
      expect(state(output) === before).toBe(true);
      expect(readdirSync(join(folder, "out"))).toEqual(listing);
    }
    expect(state(output) === before).toBe(false);
  });

  test.each(archiveFormats)("%s: interrupted at any block", async (archiveFormat) => {
    rmSync(join(folder, "out"), { recursive: true, force: true });
    for (let stop = 1; stop < 6; stop += 1) {
      const controller = new AbortController();
      let seen = 0;
      const outcome = archive(
        { ...recipe, archiveFormat },
        {
          cwd: folder,
          env: {},
          signal: controller.signal,
          onProgress: () => (seen += 1) === stop && controller.abort(),
        },
      );
      await expect(outcome).rejects.toMatchObject({ code: "interrupted" });
      expect(readdirSync(join(folder, "out"))).toEqual([]);
    }
  });

  test("a file that grows while it is packed is refused", async () => {
    const path = join(folder, "growing.bin");
    writeFileSync(path, "12345");
    const grow = () => writeFileSync(path, "1234567");
    const outcome = archive(
      { ...recipe, extraFiles: ["growing.bin"] },
      { cwd: folder, env: {}, disk: { ...brokenDisk(0), makeFolder: async () => grow() } },
    );
    await expect(outcome).rejects.toMatchObject({ code: "input-changed" });
  });

  test("killed at any moment: the old file or the new one", async () => {
    const bundle = join(folder, "pack.mjs");
    const { build } = await import("esbuild");
    await build({
      stdin: {
        contents: `import { archive } from "./src/pack/pack.ts"; await archive(${JSON.stringify({ ...recipe, version: "new" })}, { cwd: ${JSON.stringify(folder)}, env: {} });`,
        resolveDir: process.cwd(),
      },
      outfile: bundle,
      bundle: true,
      format: "esm",
      platform: "node",
      external: ["archiver", "yaml"],
      logLevel: "error",
    });
    const output = join(folder, "out/m.mar");
    execFileSync(process.execPath, [bundle]);
    const fresh = readFileSync(output);
    await archive({ ...recipe, version: "old" }, { cwd: folder, env: {} });
    const old = readFileSync(output);
    const seen = new Set<string>();
    for (let wait = 0; wait < 400 && !seen.has("new"); wait += 20) {
      writeFileSync(output, old);
      const child = spawn(process.execPath, [bundle], { stdio: "ignore" });
      const ended = new Promise((resolve) => child.once("exit", resolve));
      await new Promise((resolve) => setTimeout(resolve, 40 + wait));
      child.kill("SIGKILL");
      await ended;
      const now = readFileSync(output);
      expect(now.equals(old) || now.equals(fresh)).toBe(true);
      seen.add(now.equals(old) ? "old" : "new");
    }
  });
});
