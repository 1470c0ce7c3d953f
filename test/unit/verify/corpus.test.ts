import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Report } from "../../../src/verify/report.ts";
import { verifyAll } from "../../../src/verify/verify-all.ts";

/** A row of the corpus' cases.json. `payload` cases are packed before they are judged. */
interface Case {
  readonly file: string;
  readonly area: "zip" | "tar" | "pickle" | "manifest" | "onnx";
  readonly as: "outer" | "payload" | "zip-structure" | "tar-structure";
  readonly expect: "accept" | "warn" | "reject";
  readonly rule: string;
}

const packed = join(import.meta.dirname, "../../../fixtures/hostile/hostile-archives.tar.gz");
const folder = mkdtempSync(join(tmpdir(), "corpus-"));
let cases: readonly Case[] = [];

beforeAll(() => {
  execFileSync("tar", ["-xzf", packed, "-C", folder]);
  cases = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A payload lies in an unpacked archive, byte for byte: `archive` would refuse to pack some of them. */
function pathOf(each: Case, number: number): string {
  const file = join(folder, each.file);
  if (each.as !== "payload") return file;
  const unpacked = join(folder, `packed-${number}`);
  mkdirSync(join(unpacked, "MAR-INF"), { recursive: true });
  copyFileSync(file, join(unpacked, basename(file)));
  writeFileSync(join(unpacked, "handler.py"), "def handle(data, context):\n    return data\n");
  const model = { modelName: "tiny", serializedFile: basename(file), handler: "handler.py", modelVersion: "1.0" };
  const manifest = { createdOn: "02/01/2026 10:00:00", runtime: "python", model, archiverVersion: "0.12.0" };
  writeFileSync(join(unpacked, "MAR-INF/MANIFEST.json"), JSON.stringify(manifest, null, 2));
  return unpacked;
}

/** What is wrong with our judgement, or null. */
function mistake(each: Case, report: Report): string | null {
  const errors = report.checks.filter(({ severity, status }) => severity === "error" && status === "failed");
  const ids = errors.map(({ id }) => id);
  const structural = each.as === "zip-structure" || each.as === "tar-structure";
  const counted = structural
    ? ids.filter((id) => id.startsWith("archive/"))
    : ids.filter((id) => !id.startsWith("serve/"));
  const refused = each.expect === "reject" && !structural ? report.verdict === "not ready" : counted.length > 0;
  if (refused === (each.expect === "reject")) return null;
  return `${each.area} ${basename(each.file)}: ${each.expect} (${each.rule}), got ${report.verdict} ${ids.join()}`;
}

test("the whole corpus through verify --static: everything hostile is refused, nothing sound is", async () => {
  const paths = cases.map(pathOf);
  const bugs: string[] = [];
  const results = await verifyAll(paths, {
    static: true,
    onBug: (path, error) => bugs.push(`${path}: ${String(error)}`),
  });
  expect(bugs).toEqual([]);
  const wrong = results.flatMap((result, at) => {
    const each = cases[at];
    if (each === undefined || !("report" in result)) return [`${paths[at]}: could not be read`];
    return mistake(each, result.report) ?? [];
  });
  expect(wrong).toEqual([]);
  expect(results.length).toBeGreaterThan(390);
}, 300_000);
