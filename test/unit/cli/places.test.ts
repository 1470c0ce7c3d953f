import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleCli } from "../../../scripts/bundle-cli.js";
import { runMain } from "../../support/run-main.ts";

const tiny = resolve(import.meta.dirname, "../../../fixtures/tiny");
const folder = mkdtempSync(join(tmpdir(), "places-"));
const run = (...argv: string[]) => runMain(argv, { cwd: folder });
beforeAll(async () => {
  const model = ["--serialized-file", join(tiny, "cnn10_static.onnx"), "--handler", "onnx_tensor"];
  await run("archive", "--model-name", "m", "-v", "1", ...model);
  await run("keygen", "-o", "k.pem");
  writeFileSync(join(folder, "empty.pt"), "");
  mkdirSync(join(folder, "links"));
  symlinkSync("nowhere", join(folder, "links/a.mar"));
  execFileSync("mkfifo", [join(folder, "pipe"), join(folder, "silent")]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a pipe, as every device", () => {
  const pipe = join(folder, "pipe");

  test.each([
    ["bom", ["bom", "m.mar", "-o", "pipe"], '"bomFormat": "CycloneDX"'],
    ["sign", ["sign", "m.mar", "--key", "k.pem", "-o", "pipe"], "dsseEnvelope"],
    ["diff", ["diff", "m.mar", "empty.pt", "--markdown", "pipe"], "|"],
  ])("is written to by %s, not replaced", async (_, argv, text) => {
    const fd = openSync(pipe, "r+");
    try {
      await run(...argv);
      expect(statSync(pipe).isFIFO()).toBe(true);
      const bytes = Buffer.alloc(1 << 16);
      expect(bytes.toString("utf8", 0, readSync(fd, bytes))).toContain(text);
    } finally {
      closeSync(fd);
    }
  });

  test.each([
    ["convert", ["convert", join(tiny, "tiny_traced.pt"), "--input", "1x3x8x8", "-o", "pipe", "--force"]],
    ["inspect", ["inspect", pipe]],
    ["verify", ["verify", pipe]],
    ["extract", ["extract", "m.mar", "-o", "pipe"]],
  ])("is no place for what is renamed, and no archive: %s", async (_, argv) => {
    expect(await run(...argv)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("not-a-file") });
    expect(statSync(pipe).isFIFO()).toBe(true);
  });
});

test("what cannot be written is called by the name that was given", async () => {
  const { exitCode, stderr } = await run("bom", "m.mar", "-o", "none/b.json");
  expect(exitCode).toBe(2);
  expect(stderr).toContain("none/b.json cannot be written: there is no folder");
  expect(stderr).not.toContain(".tmp");
});

test("a report in a folder that is not there says which", async () => {
  const { exitCode, stderr } = await run("verify", join(folder, "m.mar"), "--static", "--junit", "none/report.xml");
  expect(exitCode).toBe(2);
  expect(stderr).toContain("none/report.xml cannot be written: there is no folder");
});

test("config init where a file is in the way of its folder", async () => {
  const output = ["-o", join(folder, "empty.pt", "serving")];
  const { exitCode, stderr } = await run("config", "init", join(folder, "m.mar"), ...output);
  expect(exitCode, stderr).toBe(2);
});

test.each([
  ["doctor", "--root", join(folder, "none")],
  ["doctor", "--model-store", join(folder, "none")],
  ["config", "check", folder],
  ["sync", "links", "oci-layout:layout"],
])("%s %s for what is not there, or something else", async (...argv) => {
  expect(await run(...argv)).toMatchObject({ exitCode: 2, stdout: "" });
});

test("a name that is no UTF-8 is a failure with a remedy", async () => {
  const odd = Buffer.concat([Buffer.from(`${folder}/odd/`), Buffer.from([0x6d, 0xff])]);
  mkdirSync(join(folder, "odd"));
  writeFileSync(odd, "x");
  const { exitCode, stderr } = await run("sign", "odd", "--key", "k.pem");
  expect(exitCode).toBe(2);
  expect(stderr).toContain("names that are no UTF-8");
});

describe("the program", () => {
  const program = join(folder, "cli.cjs");
  beforeAll(async () => {
    const bundle = join(folder, "cli");
    await bundleCli(bundle);
    symlinkSync(resolve(import.meta.dirname, "../../../node_modules"), join(folder, "node_modules"));
    const main = `require(${JSON.stringify(join(bundle, "main.cjs"))}).main()`;
    writeFileSync(program, `${main}.then((code) => (process.exitCode = code))`);
  });
  const shell = (line: string, cwd = folder) =>
    spawnSync("bash", ["-c", `set -o pipefail; ${line}`, process.execPath, program], { cwd, encoding: "utf8" });

  test("has no lines that would fill the screen with an error that nobody caught", () => {
    const code = readdirSync(join(folder, "cli"), { recursive: true, encoding: "utf8" }).filter((p) =>
      /\.c?js$/.test(p),
    );
    expect(code.length).toBeGreaterThan(50);
    for (const file of code) {
      const lines = readFileSync(join(folder, "cli", file), "utf8").split("\n");
      expect(lines.filter((line) => line.length > 2000).length, file).toBe(0);
    }
  });

  test.runIf(existsSync("/dev/full"))("cannot write its answer: that is no answer", () => {
    const { status, stderr } = shell('"$0" "$1" explain > /dev/full');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: standard output cannot be written: ENOSPC.*\n$/);
  });

  test("unpacks what is too large for one call, by a package that is imported when it is needed", async () => {
    writeFileSync(join(folder, "words.txt"), Array.from({ length: 700_000 }, (_, i) => `word ${i}\n`).join(""));
    const model = ["--serialized-file", join(tiny, "cnn10_static.onnx"), "--handler", "onnx_tensor"];
    await run("archive", "--model-name", "words", "-v", "1", ...model, "--extra-files", "words.txt");
    const { status, stdout, stderr } = shell('"$0" "$1" verify --static words.mar');
    expect(status, stdout + stderr).toBe(0);
  });

  test("keeps its exit code when nobody reads on", () => {
    expect(shell('"$0" "$1" verify --static empty.pt | true').status).toBe(1);
    expect(shell('"$0" "$1" explain | head -1').status).toBe(0);
    expect(shell('"$0" "$1" inspect none 2>&1 | true').status).toBe(2);
  });

  test("says that its folder is gone, where it needs one", () => {
    const gone = join(folder, "gone");
    const there = (words: string) => {
      mkdirSync(gone);
      return shell(`rmdir "${gone}"; "$0" "$1" ${words}`, gone);
    };
    expect(there("--version").status).toBe(0);
    const { status, stderr } = there("keygen -o k.pem");
    expect(status).toBe(2);
    expect(stderr).toContain("The current folder does not exist any more.");
  });

  test("ends at the second Ctrl-C, whatever it waits for", async () => {
    const child = spawn(process.execPath, [program, "config", "check", "silent"], { cwd: folder, stdio: "ignore" });
    const ended = new Promise((done) => child.once("exit", (code, signal) => done(signal ?? code)));
    const press = setInterval(() => child.kill("SIGINT"), 300);
    const how = await ended;
    clearInterval(press);
    expect(["SIGINT", 130]).toContain(how);
  });
});

test("--tmp-dir is where everything is unpacked; without a folder for that, it is said what to set", async () => {
  writeFileSync(join(folder, "zeros.gz"), gzipSync(Buffer.alloc(9 << 20)));
  const model = ["--serialized-file", join(tiny, "cnn10_static.onnx"), "--handler", "onnx_tensor"];
  await run("archive", "--model-name", "zeros", "-v", "1", ...model, "--extra-files", "zeros.gz");
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = join(folder, "none");
  try {
    const verify = ["verify", join(folder, "zeros.mar"), "--static"];
    expect(await run(...verify)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("Set TMPDIR") });
    expect((await run(...verify, "--tmp-dir", folder)).exitCode).toBe(0);
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
});

test("an interruption is told in JSON where JSON was asked for", async () => {
  const io = { cwd: folder, signal: AbortSignal.abort() };
  const { exitCode, stdout, stderr } = await runMain(["verify", join(folder, "m.mar"), "--json"], io);
  expect({ exitCode, stderr }).toEqual({ exitCode: 130, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, error: { code: "interrupted" } });
});

test("nothing temporary is left", () => {
  expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
});
