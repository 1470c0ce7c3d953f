import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const fixture = (name: string) => join(root, "fixtures/efficientnet-lite0", name);
const installLine = "ONNXRUNTIME_NODE_INSTALL=skip npm i onnxruntime-node@1.30";

let folder = "";
let tarball = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "packed-"));
  execFileSync("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], { cwd: root, stdio: "pipe" });
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Installs the tarball into an empty folder as a user would. */
function install(name: string, env: Record<string, string>, flags: readonly string[] = []): string {
  const project = join(folder, name);
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{"name":"consumer","private":true,"type":"module"}');
  const { npm_config_onnxruntime_node_install: _, ...rest } = process.env;
  const options = { cwd: project, env: { ...rest, ...env }, stdio: "pipe" } as const;
  execFileSync("npm", ["install", "--no-audit", "--no-fund", ...flags, tarball], options);
  for (const file of ["model.onnx", "onnx_handler.py", "index_to_name.json"])
    copyFileSync(fixture(file), join(project, file));
  return project;
}

function run(project: string, ...args: readonly string[]) {
  const bin = join(project, "node_modules/.bin/model-archiver");
  return spawnSync(bin, args, { cwd: project, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } });
}

const archiveFlags =
  "archive --model-name m --version 1.0 --serialized-file model.onnx --handler onnx_handler.py --extra-files index_to_name.json";

test("the tarball holds what users need and stays below 1 MB", () => {
  expect(statSync(tarball).size).toBeLessThan(1e6);
  const names = execFileSync("tar", ["tzf", tarball], { encoding: "utf8" });
  for (const file of [
    "bin/model-archiver.js",
    "dist/index.js",
    "dist/index.d.ts",
    "dist/cli/main.js",
    "schema/verify.schema.json",
    "handlers/onnx_image_classifier.py",
    "handlers/onnx_model.py",
    "data/providers.json",
    "LICENSE",
  ]) {
    expect(names).toContain(`package/${file}\n`);
  }
  expect(names).not.toMatch(/package\/(src|test|fixtures)\//);
});

test("npm and publint have nothing to mend before it is published", () => {
  const dry = ["publish", "--dry-run", "--ignore-scripts"];
  const published = spawnSync("npm", dry, { cwd: root, encoding: "utf8" });
  expect(published.status, published.stderr).toBe(0);
  expect(published.stderr).not.toMatch(/auto-corrected|errors corrected|invalid/i);
  const linted = spawnSync("npx", ["publint", "--strict", tarball], { cwd: root, encoding: "utf8" });
  expect(linted.status, linted.stdout + linted.stderr).toBe(0);
  expect(linted.stdout).toContain("All good!");
});

describe("without the engine", () => {
  let project = "";
  beforeAll(() => {
    project = install("bare", { ONNXRUNTIME_NODE_INSTALL: "skip" }, ["--omit=optional"]);
  });

  test("archive and inspect work; verify says how to get the engine", () => {
    expect(run(project, ...archiveFlags.split(" ")).status).toBe(0);
    const inspected = run(project, "inspect", "m.mar", "--json");
    expect(JSON.parse(inspected.stdout)).toMatchObject({ manifest: { model: { modelName: "m" } } });
    const verified = run(project, "verify", "m.mar", "--json");
    expect(verified.status).toBe(2);
    expect(verified.stderr.split("\n")).toContain(installLine);
    expect(JSON.parse(verified.stdout).reports[0]).toMatchObject({ verdict: "not proven", inference: null });
  });
});

describe("with the engine", () => {
  let project = "";
  beforeAll(() => {
    project = install("whole", { ONNXRUNTIME_NODE_INSTALL: "skip" });
  });

  test("archive, inspect, verify and the library work", () => {
    expect(existsSync(join(project, "node_modules/onnxruntime-node"))).toBe(true);
    const packed = run(project, ...archiveFlags.split(" "), "--verify");
    expect(packed.stdout).toContain("\nready");
    expect(packed.status).toBe(0);
    // Large, deflated, tar.gz: each loads a library of its own in the bundle.
    writeFileSync(join(project, "large.txt"), "the quick brown fox\n".repeat(500_000));
    for (const format of ["default", "tgz"]) {
      const large = run(
        project,
        ...archiveFlags.split(" "),
        "--extra-files",
        "large.txt",
        "--force",
        "--archive-format",
        format,
        "--verify",
      );
      expect(large.stdout).toContain("\nready");
      expect(large.status).toBe(0);
    }
    expect(run(project, "keygen", "-o", "key.pem").status).toBe(0);
    expect(run(project, "sign", "m.mar", "--key", "key.pem").status).toBe(0);
    expect(run(project, "verify-signature", "m.mar", "--key", "key.pem.pub").stdout).toContain("m.mar");
    expect(run(project, "verify-signature", "m.mar", "--key", "key.pem.pub").status).toBe(0);
    const [schema = ""] = run(project, "init", "--dry-run").stdout.split("\n");
    expect(schema).toBe(
      "# yaml-language-server: $schema=node_modules/model-archiver/schema/model-archiver.schema.json",
    );
    expect(existsSync(join(project, schema.split("=")[1] ?? ""))).toBe(true);
    const library = `import { openArchive, inspect, verify, ArchiverError } from "model-archiver";
      import { parseManifest } from "model-archiver/manifest";
      const archive = await openArchive("m.mar");
      const report = await verify(archive);
      await archive.close();
      console.log(report.verdict, typeof inspect, typeof parseManifest, ArchiverError.name);`;
    const used = spawnSync(process.execPath, ["--input-type=module", "-e", library], {
      cwd: project,
      encoding: "utf8",
    });
    expect(used.stdout).toBe("ready function function ArchiverError\n");
  });

  test("its types compile, strictly and all of them", () => {
    const program = `import { archive, inspect, openArchive, verify, type Recipe, type Report } from "model-archiver";
      import { buildManifest, parseManifest } from "model-archiver/manifest";
      const recipe: Recipe = { modelName: "m", sample: [{ file: "coffee.jpg", expect: null }] };
      const opened = await openArchive("m.mar");
      const report: Report = await verify(opened, { static: true });
      console.log(report.verdict, await archive(recipe), await inspect(opened), buildManifest, parseManifest);
      // @ts-expect-error no such option
      await verify(opened, { statik: true });`;
    writeFileSync(join(project, "check.ts"), program);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const strict = ["--noEmit", "--strict", "--skipLibCheck", "false", "--module", "nodenext", "--target", "es2023"];
    const types = [
      "--lib",
      "es2023,esnext.disposable",
      "--types",
      "node",
      "--typeRoots",
      join(root, "node_modules/@types"),
    ];
    const compiled = spawnSync(process.execPath, [tsc, ...strict, ...types, "check.ts"], {
      cwd: project,
      encoding: "utf8",
    });
    expect(compiled.stdout).toBe("");
    expect(compiled.status).toBe(0);
  });
});
