import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { harmlessRules } from "../../../src/archive/refusal.ts";
import { fileRules } from "./judge.ts";

interface Case {
  readonly file: string;
  readonly area: string;
  readonly expect: "accept" | "warn" | "reject";
  readonly rule: string;
}

const packed = join(import.meta.dirname, "../../../fixtures/hostile/hostile-archives.tar.gz");
const folder = mkdtempSync(join(tmpdir(), "hostile-"));
let cases: Case[] = [];

beforeAll(() => {
  // tar, not extract: the corpus holds links on purpose.
  execFileSync("tar", ["-xzf", packed, "-C", folder]);
  cases = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Cases that the container layer judges otherwise than the corpus says. */
async function wrong(area: string): Promise<string[]> {
  const out: string[] = [];
  for (const each of cases.filter((one) => one.area === area)) {
    const rules = await fileRules(join(folder, each.file));
    const refused = rules.some((rule) => rule.startsWith("archive/") && !harmlessRules.has(rule));
    if (refused !== (each.expect === "reject"))
      out.push(`${each.file}: ${each.expect} (${each.rule}), got ${rules.join()}`);
  }
  return out;
}

describe("the hostile corpus", () => {
  test("holds enough cases to mean something", () => {
    expect(cases.filter(({ area }) => area === "zip").length).toBeGreaterThan(100);
    expect(cases.filter(({ area }) => area === "tar").length).toBeGreaterThan(20);
  });
  test("every hostile ZIP is refused by its structure, every sound one accepted", async () => {
    expect(await wrong("zip")).toEqual([]);
  });
  test("every hostile tar is refused by its structure, every sound one accepted", async () => {
    expect(await wrong("tar")).toEqual([]);
  });
});
