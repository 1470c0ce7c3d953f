import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { versionProblems } from "../../../scripts/version.js";

const root = mkdtempSync(join(tmpdir(), "release-"));
afterAll(() => rmSync(root, { recursive: true }));

const changelog = (heading: string) => `# Changelog\n\nWords.\n\n${heading}\n\n- a\n\n## 0.1.0 (2026-01-01)\n`;
const manifest = (version: string) => JSON.stringify({ name: "m", version });
const lock = (version: string, inner = version) => JSON.stringify({ version, packages: { "": { version: inner } } });

test("this repository's files agree", () => {
  const read = (name: string) => readFileSync(name, "utf8");
  const files = { changelog: read("CHANGELOG.md"), manifest: read("package.json"), lock: read("package-lock.json") };
  expect(versionProblems(files)).toEqual([]);
});

describe("a version", () => {
  const agreed = { changelog: changelog("## 1.2.3 (unreleased)"), manifest: manifest("1.2.3"), lock: lock("1.2.3") };

  test.each<[string, Partial<Parameters<typeof versionProblems>[0]>, readonly string[]]>([
    ["agreed on", {}, []],
    ["of another package.json", { manifest: manifest("1.2.2") }, ["package.json says 1.2.2, CHANGELOG.md 1.2.3"]],
    [
      "of another lock file",
      { lock: lock("1.2.3", "1.2.2") },
      ['package-lock.json, packages[""] says 1.2.2, CHANGELOG.md 1.2.3'],
    ],
    ["of no heading", { changelog: "# Changelog\n" }, ['CHANGELOG.md has no heading such as "## 1.2.3 (unreleased)"']],
    [
      "that is not released yet",
      { tag: "v1.2.3" },
      ['CHANGELOG.md says "1.2.3 (unreleased)": a release has its day there'],
    ],
    [
      "of another tag",
      { changelog: changelog("## 1.2.3 (2027-01-31)"), tag: "v1.2.4" },
      ["the tag says 1.2.4, CHANGELOG.md 1.2.3"],
    ],
    ["that is released", { changelog: changelog("## 1.2.3 (2027-01-31)"), tag: "v1.2.3" }, []],
    [
      "before a release",
      {
        changelog: changelog("## 1.2.3-rc.1 (unreleased)"),
        manifest: manifest("1.2.3-rc.1"),
        lock: lock("1.2.3-rc.1"),
      },
      [],
    ],
  ])("%s", (_, change, problems) => {
    expect(versionProblems({ ...agreed, ...change })).toEqual(problems);
  });
});

describe("the script", () => {
  const script = (...args: readonly string[]) =>
    spawnSync(process.execPath, [resolve("scripts/version.js"), ...args], { cwd: root, encoding: "utf8" });
  const put = (name: string, text: string) => writeFileSync(join(root, name), text);

  test("refuses, writes, and then agrees", () => {
    put("CHANGELOG.md", changelog("## 2.0.0 (2027-01-31)"));
    put("package.json", manifest("1.2.3"));
    put("package-lock.json", lock("1.2.3"));
    const refused = script();
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain("package.json says 1.2.3, CHANGELOG.md 2.0.0");
    expect(script("--write")).toMatchObject({ status: 0, stdout: "2.0.0\n" });
    expect(script()).toMatchObject({ status: 0, stdout: "2.0.0\n" });
    expect(script("--release", "v2.0.0").status).toBe(0);
    expect(script("--release", "v2.0.1").status).toBe(1);
    expect(script("--release").status).toBe(1);
  });
});
