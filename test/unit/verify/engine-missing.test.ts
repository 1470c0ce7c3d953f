import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";

// The command line, bundled into a folder without node_modules: nothing beside it, in the project or globally brings
// an engine.
let folder = "";

/** A place for temporary files that sees no engine from where it lies. */
function bareFolder(): string {
  const candidates = [tmpdir(), "/var/tmp", "/dev/shm"].filter((path) => existsSync(path));
  const seesNone = (path: string): boolean => {
    try {
      createRequire(join(path, "x.js")).resolve("onnxruntime-node");
      return false;
    } catch {
      return true;
    }
  };
  return candidates.find(seesNone) ?? tmpdir();
}

beforeAll(async () => {
  folder = await mkdtemp(join(bareFolder(), "no-engine-"));
  await build({
    stdin: {
      contents: `import { main } from "./src/cli/main.ts"; process.exitCode = await main();`,
      resolveDir: process.cwd(),
      sourcefile: "cli.ts",
    },
    outfile: join(folder, "cli.mjs"),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    external: ["onnxruntime-node", "sharp", "archiver", "@astral-sh/ruff-wasm-nodejs"],
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "error",
  });
  await build({
    entryPoints: ["src/runtime/session-process.ts"],
    outfile: join(folder, "session-process.js"),
    bundle: true,
    format: "cjs",
    platform: "node",
    define: { "import.meta.url": JSON.stringify(`file://${folder}/session-process.js`) },
    external: ["onnxruntime-node"],
    logLevel: "error",
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function verify(...args: string[]) {
  const env = { PATH: process.env["PATH"], npm_config_prefix: folder };
  const ran = spawnSync(process.execPath, [join(folder, "cli.mjs"), "verify", "--json", ...args], {
    cwd: folder,
    encoding: "utf8",
    env,
  });
  return { exitCode: ran.status, document: JSON.parse(ran.stdout), stderr: ran.stderr };
}

const line = "ONNXRUNTIME_NODE_INSTALL=skip npm i onnxruntime-node@1.30";

test("a sound model is not proven, exit 2, with the exact line that mends it", () => {
  const { exitCode, document, stderr } = verify(resolve("fixtures/tiny/cnn10_static.onnx"));
  expect(exitCode).toBe(2);
  expect(stderr.split("\n")).toContain(line);
  const [{ verdict, checks, inference }] = document.reports;
  expect([verdict, inference]).toEqual(["not proven", null]);
  expect(checks).toContainEqual(
    expect.objectContaining({ id: "model/runs", status: "skipped", reason: "ONNX Runtime is not installed" }),
  );
});

test("a broken model is not ready, exit 1: the static checks are reported all the same", () => {
  const { exitCode, document } = verify(resolve("fixtures/tiny/truncated.onnx"));
  expect([exitCode, document.reports[0].verdict]).toEqual([1, "not ready"]);
});

test("--static needs no engine", () => {
  const { exitCode, document, stderr } = verify("--static", resolve("fixtures/tiny/cnn10_static.onnx"));
  expect([exitCode, document.reports[0].verdict, stderr]).toEqual([0, "sound", ""]);
});
