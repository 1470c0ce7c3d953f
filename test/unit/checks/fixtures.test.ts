import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checks } from "../../../src/checks/registry.ts";
import { runMain } from "../../support/run-main.ts";
import { fixtures } from "./fixtures.ts";

const root = mkdtempSync(join(tmpdir(), "fixtures-"));
const bench = { folder: root, corpus: root };

beforeAll(() => {
  execFileSync("tar", ["-xzf", resolve("fixtures/hostile/hostile-archives.tar.gz"), "-C", root]);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function failedAt(path: string, flags: readonly string[]): Promise<string[]> {
  const { stdout } = await runMain(["verify", "--json", ...flags, path]);
  const [report] = JSON.parse(stdout).reports;
  const rows: { id: string; status: string; findings: { message: string }[] }[] = report.checks;
  const failed = rows.filter(({ status }) => status === "failed");
  for (const { id, findings } of failed) expect(findings.length, id).toBeGreaterThan(0);
  return failed.map(({ id }) => id);
}

test.each(Object.entries(fixtures))("%s fails at its fixture", async (id, { make, flags = [], runs }) => {
  expect(await failedAt(make(bench), [...flags, ...(runs ? [] : ["--static"])])).toContain(id);
});

test("every check has a fixture, here or in a test that names it", () => {
  const tests = resolve(import.meta.dirname, "..");
  const texts = readdirSync(tests, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts") && !name.endsWith("verify-reports.test.ts"))
    .map((name) => readFileSync(join(tests, name), "utf8"));
  const bare = checks.filter(({ id }) => !(id in fixtures) && !texts.some((text) => text.includes(`"${id}"`)));
  expect(bare.map(({ id }) => id)).toEqual([]);
});

test("every row is of a check that exists", () => {
  const known = new Set(checks.map(({ id }) => id));
  expect(Object.keys(fixtures).filter((id) => !known.has(id))).toEqual([]);
});
