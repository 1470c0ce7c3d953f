import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runMain } from "../../support/run-main.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "archive-command-"));
  writeFileSync(join(folder, "h.py"), "def handle(data, context):\n    return data\n");
  writeFileSync(
    join(folder, "labels.json"),
    `{${Array.from({ length: 300 }, (_, i) => `"${i}": "label ${i}"`).join()}}`,
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (...argv: string[]) => runMain(argv, { cwd: folder });
const need = ["--model-name", "m", "-v", "1", "--handler", "h.py", "--extra-files", "labels.json"];
const schema = JSON.parse(readFileSync(new URL("../../../schema/archive.schema.json", import.meta.url), "utf8"));
const fits = new Ajv2020({ strict: false }).compile(schema);

test("prints what was packed", async () => {
  const { exitCode, stdout, stderr } = await run(...need);
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^m\.mar {3}[\d.]+ kB {3}[\d.]+ m?s\nintegrity sha256:[0-9a-f]{64}\n\n/);
  expect(stdout).toMatch(/ {2}h\.py +\d+ B {2}(stored|deflated to)/);
  expect(stdout).toMatch(/ {2}labels\.json +5\.\d kB {2}deflated to \d+ B|deflated to [\d.]+ kB/);
  expect(readdirSync(folder).toSorted()).toEqual(["h.py", "labels.json", "m.mar"]);
});

test.each([[["--json"]], [["--json", "--dry-run"]], [["--json", "--archive-format", "no-archive"]]])(
  "%j is one document of the published schema",
  async (more) => {
    const { exitCode, stdout } = await run("archive", ...need, ...more);
    expect(exitCode).toBe(0);
    expect(fits(JSON.parse(stdout)), JSON.stringify(fits.errors)).toBe(true);
  },
);

test("--quiet prints nothing, a dry run says so and writes nothing", async () => {
  expect(await run(...need, "--dry-run")).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("would be written to"),
  });
  expect(await run(...need, "--quiet")).toEqual({ exitCode: 0, stdout: "", stderr: "" });
});

test("errors end with 2, and are JSON when asked for", async () => {
  const { exitCode, stdout } = await run(...need, "--serialized-file", "nope.pt", "--json");
  expect(exitCode).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: "missing-input" } });
  expect(await run("archive", "--bogus")).toMatchObject({ exitCode: 2, stdout: "" });
  expect(readdirSync(folder).toSorted()).toEqual(["h.py", "labels.json"]);
});

test("names from folders cannot steer the terminal", async () => {
  writeFileSync(join(folder, "\u001b[31mred.txt"), "");
  const { stdout } = await run(...need, "--extra-files", "*red.txt", "--dry-run");
  expect(stdout).toContain("\\x1b[31mred.txt");
  expect(stdout).not.toContain("\u001b");
});

test("--verify judges what was written: its exit code, its document within ours", async () => {
  const { exitCode, stdout } = await run(...need, "--verify", "--json");
  const document = JSON.parse(stdout);
  expect(fits(document)).toBe(true);
  const [report] = document.verification.reports;
  expect(report.path).toBe(join(folder, "m.mar"));
  // Nothing to run in it: not proven.
  expect(report.verdict).toBe("not proven");
  expect(exitCode).toBe(1);
  const text = await run(...need, "--verify", "--force");
  expect(text.stdout).toMatch(/^m\.mar[\s\S]*not proven/);
  expect(text.exitCode).toBe(1);
});
