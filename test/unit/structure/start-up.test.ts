import { mkdtempSync, rmSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleCli } from "../../../scripts/bundle-cli.js";

describe("what each command loads before it does anything", () => {
  let folder = "";
  let start: Metafile;
  let modules: Metafile;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "start-up-"));
    ({ start, modules } = await bundleCli(folder));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Packages bundled into these outputs, or imported from them. */
  const packages = ({ outputs }: Metafile, paths: readonly string[]): string[] => {
    const found = new Set<string>();
    for (const path of paths) {
      for (const input of Object.keys(outputs[path]?.inputs ?? {})) {
        const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/u.exec(input)?.[1];
        if (name !== undefined) found.add(name);
      }
      for (const { path: name, external, kind } of outputs[path]?.imports ?? []) {
        if (external && kind === "import-statement" && !isBuiltin(name)) found.add(name);
      }
    }
    return [...found].toSorted();
  };
  const closure = ({ outputs }: Metafile, path: string, seen = new Set<string>()): Set<string> => {
    if (seen.has(path) || outputs[path] === undefined) return seen;
    seen.add(path);
    for (const { path: next, kind } of outputs[path].imports) {
      if (kind === "import-statement") closure({ ...modules, outputs }, next, seen);
    }
    return seen;
  };

  test("--help and --version: commander and chalk, and none of Node's heavy modules", () => {
    const [output] = Object.values(start.outputs);
    expect(packages(start, Object.keys(start.outputs))).toEqual(["chalk", "commander"]);
    const builtins = output?.imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => path);
    expect(builtins?.filter((path) => !["node:path", "node:events"].includes(path))).toEqual([]);
    const sources = Object.keys(output?.inputs ?? {}).filter((path) => /^src\/(?!cli\/)/u.test(path));
    expect(sources.toSorted()).toEqual([
      "src/errors.ts",
      "src/format-size.ts",
      "src/manifest/fields.ts",
      "src/pack/recipe.ts",
      "src/report/text.ts",
      "src/version.ts",
    ]);
  });

  test.each([
    ["src/cli/archive-run.ts", ["chalk"]],
    ["src/cli/verify-run.ts", ["chalk"]],
    ["src/archive/open.ts", []],
    ["src/archive/zip-writer.ts", []],
    ["src/archive/tar-writer.ts", []],
    ["src/runtime/engine-pool.ts", []],
  ])("%s: %j", (entry, expected) => {
    const path = Object.entries(modules.outputs).find(([, { entryPoint }]) => entryPoint === entry)?.[0] ?? "";
    const files = closure(modules, path);
    expect(files.size).toBeGreaterThan(0);
    expect(packages(modules, [...files])).toEqual(expected);
  });

  test.each(["src/inspect/inspect.ts", "src/cli/verify-run.ts"])("%s loads no engine, archiver or parser", (entry) => {
    const path = Object.entries(modules.outputs).find(([, { entryPoint }]) => entryPoint === entry)?.[0] ?? "";
    const heavy = ["onnxruntime-node", "sharp", "archiver", "@astral-sh/ruff-wasm-nodejs"];
    const files = closure(modules, path);
    expect(files.size).toBeGreaterThan(0);
    expect(packages(modules, [...files]).filter((name) => heavy.includes(name))).toEqual([]);
  });

  test("a package that is imported on demand has names, and not only a default (yauzl's is asked for)", () => {
    const onDemand = Object.values(modules.outputs).filter(({ entryPoint }) => entryPoint?.includes("node_modules/"));
    expect(onDemand.some(({ entryPoint }) => entryPoint?.includes("/yaml/"))).toBe(true);
    const nameless = onDemand.filter(({ exports }) => exports.join() === "default");
    expect(nameless.flatMap(({ entryPoint }) => /node_modules\/([^/]+)/.exec(entryPoint ?? "")?.[1] ?? [])).toEqual([
      "yauzl",
    ]);
  });
});
