import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { runMain } from "../../support/run-main.ts";

const home = process.cwd();
const root = mkdtempSync(join(tmpdir(), "spec-"));
afterAll(() => rmSync(root, { recursive: true }));

let folder = "";
let count = 0;
const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const spec = `model: {name: tiny, version: "1.0", serialized-file: tiny_traced.pt}
handler: base_handler
extra-files: [labels.json]
`;

beforeEach(() => {
  folder = join(root, String((count += 1)));
  mkdirSync(folder);
  cpSync(resolve("fixtures/tiny/tiny_traced.pt"), join(folder, "tiny_traced.pt"));
  put("labels.json", "{}");
  put("model-archiver.yaml", spec);
});

/** Where the user stands is where the process is: archives and references are opened from there. */
const run = async (argv: readonly string[], cwd = folder) => {
  process.chdir(cwd);
  return runMain(argv).finally(() => process.chdir(home));
};
const planned = async (argv: readonly string[], cwd = folder) => {
  const { stdout, stderr, exitCode } = await run(["archive", "--dry-run", "--json", ...argv], cwd);
  expect(exitCode, stderr + stdout).toBe(0);
  const { path, entries, manifest } = JSON.parse(stdout).archive ?? JSON.parse(stdout);
  return { path, entries: entries.map((entry: { path: string }) => entry.path), manifest };
};

describe("archive", () => {
  test("packs what model-archiver.yaml says, and says that it does", async () => {
    const { exitCode, stderr } = await run(["archive"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "using model-archiver.yaml\n" });
    expect(readdirSync(folder)).toContain("tiny.mar");
  });

  test("flags override it: one value, and whole lists", async () => {
    put("other.json", "{}");
    const { path, entries, manifest } = await planned([
      "-v",
      "2",
      "--model-name",
      "other",
      "--extra-files",
      "other.json",
    ]);
    expect(path).toBe(join(folder, "other.mar"));
    expect(manifest.model).toMatchObject({ modelName: "other", modelVersion: "2", handler: "base_handler" });
    expect(entries).toEqual(["other.json", "tiny_traced.pt"]);
  });

  test("from elsewhere the archive is the same; paths on the command line start where the user stands", async () => {
    mkdirSync(join(folder, "conf"));
    put("conf/a.json", "{}");
    put("model-archiver.yaml", `${spec.replace("labels.json", "conf/a.json, labels.json")}keep-directories: true\n`);
    const here = await planned([]);
    expect(here.entries).toEqual(["conf/a.json", "labels.json", "tiny_traced.pt"]);
    const elsewhere = join(root, `elsewhere-${count}`);
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, "b.json"), "{}");
    const flag = ["--spec", `../${count}/model-archiver.yaml`];
    expect(await planned(flag, elsewhere)).toEqual(here);
    const given = await planned([...flag, "--extra-files", "b.json,c.json=b.json", "--export-path", "out"], elsewhere);
    expect(given.path).toBe(join(elsewhere, "out/tiny.mar"));
    expect(given.entries).toEqual(["b.json", "c.json", "tiny_traced.pt"]);
  });

  test("--no-spec leaves it alone; what is missing is said as ever", async () => {
    const { exitCode, stderr } = await run(["archive", "--no-spec"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("the following arguments are required: --model-name, --handler, -v/--version");
  });

  test("what the file leaves out is still required", async () => {
    put("model-archiver.yaml", "handler: base_handler\n");
    const { exitCode, stderr } = await run(["archive"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("model-archiver.yaml does not say model.name, model.version, nor does the command line");
    expect((await planned(["--model-name", "m", "-v", "1"])).manifest.model.handler).toBe("base_handler");
  });

  test("a wrong file stops it: line and key, as JSON too", async () => {
    put("model-archiver.yaml", "handler: base_handler\nextra_files: []\n");
    const text = await run(["archive"]);
    expect(text.exitCode).toBe(2);
    expect(text.stderr).toContain("model-archiver.yaml:2:1  extra_files: unknown key, meant extra-files?");
    const json = await run(["archive", "--json"]);
    expect(JSON.parse(json.stdout).error.code).toBe("bad-spec");
  });

  test("a spec that is not there is an error", async () => {
    const { exitCode, stderr } = await run(["archive", "--spec", "absent.yaml"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("absent.yaml");
  });

  test("--from packs an archive again, whatever lies here", async () => {
    await run(["archive"]);
    rmSync(join(folder, "labels.json"));
    const { entries } = await planned(["--from", "tiny.mar", "--force"]);
    expect(entries).toContain("labels.json");
  });

  test("--verify judges by the same file", async () => {
    put("model-archiver.yaml", `${spec}residency: nowhere.yaml\n`);
    const { exitCode, stderr } = await run(["archive", "--verify"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("nowhere.yaml");
    expect((await run(["archive", "--verify", "--no-spec", "--from", "tiny.mar", "--force"])).stderr).not.toContain(
      "nowhere",
    );
  });
});

describe("samples", () => {
  test("each has its own label", async () => {
    const zoo = "fixtures/efficientnet-lite0";
    for (const file of ["model.onnx", "coffee.jpg", "cat.jpg", "index_to_name.json"])
      cpSync(join(zoo, file), join(folder, file));
    const text = (cat: string) => `model: {name: m, version: "1", serialized-file: model.onnx}
handler: onnx_image_classifier
extra-files: [index_to_name.json]
samples: [{file: coffee.jpg, expect: espresso}, {file: cat.jpg, expect: ${cat}}]
`;
    put("model-archiver.yaml", text("espresso"));
    const wrong = await run(["archive"]);
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toMatch(/cat\.jpg: the model gives .*cat.*, not espresso/);
    put("model-archiver.yaml", text("tiger cat"));
    const right = await run(["archive"]);
    expect(right.exitCode, right.stderr).toBe(0);
    expect(right.stdout).toContain("MAR-INF/samples/2/sample.json");
  });
});

describe("verify", () => {
  beforeEach(async () => {
    await run(["archive"]);
    put("model-archiver.yaml", `${spec}residency: nowhere.yaml\n`);
  });

  test("without an argument it takes the archive of the spec, and holds it against what the spec asks", async () => {
    const { exitCode, stderr } = await run(["verify", "--static"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("nowhere.yaml");
    expect((await run(["verify", "--static", "tiny.mar"])).exitCode).toBe(2);
    const overridden = await run(["verify", "--static", "--residency", "eu"]);
    expect(overridden.stdout).toContain("tiny.mar");
  });

  test("another archive is not held against it, and that is said; unless the spec is named", async () => {
    cpSync(join(folder, "tiny.mar"), join(folder, "other.mar"));
    const other = await run(["verify", "--static", "other.mar"]);
    expect(other.exitCode).not.toBe(2);
    expect(other.stderr).toContain("note: model-archiver.yaml is about tiny.mar");
    expect((await run(["verify", "--static", "other.mar", "--json"])).stderr).toBe("");
    const named = await run(["verify", "--static", "other.mar", "--spec", "model-archiver.yaml"]);
    expect(named.exitCode).toBe(2);
    expect((await run(["verify", "--static", "tiny.mar", "--no-spec"])).exitCode).not.toBe(2);
  });

  test("without a spec an argument is required", async () => {
    rmSync(join(folder, "model-archiver.yaml"));
    const { exitCode, stderr } = await run(["verify"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("missing required argument 'archive'");
  });
});

test("sign and verify --require-signature take their keys from the spec; without one --key is required", async () => {
  await run(["archive"]);
  expect((await run(["sign"])).stderr).toContain("missing required option '--key <file>'");
  await run(["keygen", "-o", "release.pem"]);
  put("model-archiver.yaml", `${spec}signing: {key: release.pem, public-key: release.pem.pub}\n`);
  const signed = await run(["sign"]);
  expect(signed.exitCode, signed.stderr).toBe(0);
  expect(readdirSync(folder)).toContain("tiny.mar.sig");
  const verified = await run(["verify", "--static", "--require-signature"]);
  expect(verified.stdout).toContain("ok    signature");
  cpSync(join(folder, "tiny.mar"), join(folder, "other.mar"));
  expect((await run(["sign", "other.mar"])).exitCode).toBe(2);
});

describe("push", () => {
  test("takes archive and reference from the spec, the version as the tag; arguments override", async () => {
    await run(["archive"]);
    put("model-archiver.yaml", `${spec}registry: {reference: "oci-layout:store"}\n`);
    const pushed = async (argv: readonly string[], cwd?: string) => {
      const { stdout, stderr, exitCode } = await run(["push", "--json", ...argv], cwd);
      expect(exitCode, stdout + stderr).toBe(0);
      return JSON.parse(stdout).reference;
    };
    expect(await pushed([])).toMatch(/store:1\.0$/);
    expect(await pushed(["oci-layout:other:2"])).toMatch(/other:2$/);
    cpSync(join(folder, "tiny.mar"), join(folder, "copy.mar"));
    expect(await pushed(["copy.mar"])).toMatch(/store:1\.0$/);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(["store", "other"]));
    rmSync(join(folder, "store"), { recursive: true });
    await pushed(["--spec", join(folder, "model-archiver.yaml")], root);
    expect(readdirSync(folder)).toContain("store");
  });

  test("what is missing is named", async () => {
    await run(["archive"]);
    const { exitCode, stderr } = await run(["push"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("missing required argument 'reference'");
  });
});
