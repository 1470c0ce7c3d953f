import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openArchive } from "../../../../src/archive/open.ts";
import { archiveSubject } from "../../../../src/checks/archive-subject.ts";
import { judgeModel, judgeSubject, type Verdict } from "./memory-archive.ts";

interface Case {
  readonly file: string;
  readonly area: string;
  readonly as: string;
  readonly expect: "accept" | "warn" | "reject";
  readonly rule: string;
}

const packed = join(import.meta.dirname, "../../../../fixtures/hostile/hostile-archives.tar.gz");
const folder = mkdtempSync(join(tmpdir(), "hostile-models-"));
let cases: Case[] = [];

beforeAll(() => {
  execFileSync("tar", ["-xzf", packed, "-C", folder]);
  cases = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function judgeCase(each: Case): Promise<Verdict> {
  const file = join(folder, each.file);
  if (each.as === "payload") return judgeModel(basename(file), readFileSync(file));
  const archive = await openArchive(file);
  try {
    return await judgeSubject(archiveSubject(archive));
  } finally {
    await archive.close();
  }
}

/** Cases that the checks judge otherwise than the corpus says. */
async function wrong(area: string): Promise<string[]> {
  const out: string[] = [];
  for (const each of cases.filter((one) => one.area === area)) {
    const { errors, warnings } = await judgeCase(each);
    const refused = errors.length > 0;
    if (refused !== (each.expect === "reject"))
      out.push(`${each.file}: ${each.expect} (${each.rule}), got ${errors.join()}`);
    // What only carries a pickle as text or bytes is data; a loader never sees a pickle there.
    else if (each.expect === "warn" && !refused && warnings.length === 0 && !each.rule.startsWith("inert")) {
      out.push(`${each.file}: no warning (${each.rule})`);
    }
  }
  return out;
}

test("every hostile pickle is refused, every sound one accepted, every doubtful one warned about", async () => {
  expect(cases.filter(({ area }) => area === "pickle").length).toBeGreaterThan(100);
  expect(await wrong("pickle")).toEqual([]);
});

test("every hostile ONNX model is refused, every sound one accepted", async () => {
  expect(await wrong("onnx")).toEqual([]);
});
