import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { buildRecipe, type Recipe } from "../../outcomes/recipes.ts";

interface Step {
  readonly id: string;
  readonly shell: string;
  readonly env: Readonly<Record<string, string>>;
  readonly run: string;
}

const action: { inputs: Record<string, { default?: string }>; runs: { steps: Step[] } } = parse(
  readFileSync("action.yml", "utf8"),
);
const source = "def handle(data, context):\n    return ['ok']\n";
const good: Recipe = { name: "good", files: { "handler.py": source }, model: { handler: "handler.py" } };
const bad: Recipe = { name: "bad", files: {}, model: { handler: "absent.py" } };

const folder = mkdtempSync(join(tmpdir(), "action-"));
const tools = join(folder, "tools");

beforeAll(async () => {
  mkdirSync(join(folder, "store one"), { recursive: true });
  mkdirSync(tools);
  buildRecipe(good, folder);
  buildRecipe(bad, folder);
  const { build } = await import("esbuild");
  await build({
    stdin: {
      contents: 'import { main } from "./src/cli/main.ts"; process.exitCode = await main();',
      resolveDir: resolve("."),
      loader: "ts",
    },
    outfile: join(tools, "main.mjs"),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    external: ["onnxruntime-node", "sharp", "archiver"],
    banner: { js: 'import { createRequire as __r } from "node:module"; const require = __r(import.meta.url);' },
    alias: { "@astral-sh/ruff-wasm-nodejs": resolve("node_modules/@astral-sh/ruff-wasm-nodejs/ruff_wasm.js") },
    define: { __dirname: JSON.stringify(resolve("node_modules/@astral-sh/ruff-wasm-nodejs")) },
    logLevel: "error",
  });
  cpSync("package.json", join(folder, "package.json"));
  put("model-archiver", `#!/bin/sh\nexec '${process.execPath}' '${join(tools, "main.mjs")}' "$@"\n`);
  put("npm", `#!/bin/sh\necho "$ONNXRUNTIME_NODE_INSTALL $*" > '${join(folder, "npm.log")}'\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, script: string): void {
  writeFileSync(join(tools, name), script);
  chmodSync(join(tools, name), 0o755);
}

/** Runs one step as the runner does: bash with -e -o pipefail, inputs filled in, outputs in a file. */
function runStep(id: string, inputs: Readonly<Record<string, string>>, path = `${tools}:${process.env["PATH"]}`) {
  const step = action.runs.steps.find((one) => one.id === id);
  if (!step) throw new Error(`no step ${id}`);
  const value = (name: string) => inputs[name] ?? action.inputs[name]?.default ?? "";
  const env = Object.fromEntries(
    Object.entries(step.env).map(([name, text]) => [
      name,
      text.replaceAll(/\$\{\{ inputs\.([\w-]+) \}\}/g, (_, input: string) => value(input)),
    ]),
  );
  const output = join(folder, "output");
  writeFileSync(output, "");
  const run = spawnSync("bash", ["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step.run], {
    cwd: folder,
    encoding: "utf8",
    env: { ...env, PATH: path, RUNNER_TEMP: folder, GITHUB_OUTPUT: output, HOME: folder },
  });
  const outputs = Object.fromEntries(
    readFileSync(output, "utf8")
      .split("\n")
      .filter((line) => line.includes("="))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  return { code: run.status, outputs, stdout: run.stdout, stderr: run.stderr };
}

describe("the composite action", () => {
  test("says sound for a sound archive", () => {
    const { code, outputs, stderr } = runStep("verify", { paths: "good.mar", static: "true" });
    expect({ code, verdict: outputs["verdict"] }, stderr).toEqual({ code: 0, verdict: "sound" });
    const report: { reports: { path: string }[] } = JSON.parse(readFileSync(outputs["report"] ?? "", "utf8"));
    expect(report.reports.map((one) => one.path)).toEqual(["good.mar"]);
  });

  test("fails for a broken one, of several, and writes SARIF", () => {
    const sarif = join(folder, "models.sarif");
    const { code, outputs } = runStep("verify", { paths: "*.mar", static: "true", "sarif-file": sarif });
    expect({ code, verdict: outputs["verdict"] }).toEqual({ code: 1, verdict: "not ready" });
    expect(readFileSync(sarif, "utf8")).toContain("handler/missing");
  });

  test("fails for a path that is not there", () => {
    const { code, outputs } = runStep("verify", { paths: "absent.mar", static: "true" });
    expect(code).toBe(2);
    expect(outputs["verdict"]).toBe("not proven");
  });

  test("runs nothing that stands in a path", () => {
    const { code } = runStep("verify", { paths: "$(touch${IFS}pwned) ;touch pwned", static: "true" });
    expect(code).toBe(2);
    expect(existsSync(join(folder, "pwned"))).toBe(false);
  });

  test("installs the version asked for, without the engine when told", () => {
    rmSync(join(tools, "model-archiver"));
    const log = () => readFileSync(join(folder, "npm.log"), "utf8").trim();
    const path = `${tools}:/usr/bin:/bin`;
    expect(runStep("install", { paths: "x", version: "0.1.0" }, path).code).toBe(0);
    expect(log()).toBe("skip install --global --no-audit --no-fund model-archiver@0.1.0");
    expect(runStep("install", { paths: "x", "omit-engine": "true" }, path).code).toBe(0);
    expect(log()).toBe("skip install --global --no-audit --no-fund --omit=optional model-archiver@latest");
  });
});

test.each(["docs/ci/github.yml", "docs/ci/gitlab.yml", "docs/ci/pre-commit.yaml"])("%s names what exists", (file) => {
  const text = readFileSync(file, "utf8");
  expect(() => parse(text)).not.toThrow();
  for (const [, flag = ""] of text.matchAll(/ (--(?:static|junit|sarif|json))\b/g)) {
    expect(readFileSync("src/cli/commands/verify.ts", "utf8")).toContain(flag);
  }
});
