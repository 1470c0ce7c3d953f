import { readFile } from "node:fs/promises";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { Chalk } from "chalk";
import { expect, test } from "vitest";
import type { Check } from "../../../src/checks/check.ts";
import { checks } from "../../../src/checks/registry.ts";
import { junit } from "../../../src/report/junit.ts";
import { markdown } from "../../../src/report/markdown.ts";
import { sarif } from "../../../src/report/sarif.ts";
import { type PageOptions, renderLine, renderReport, renderSummary } from "../../../src/report/verify-report.ts";
import type { Facts } from "../../../src/verify/facts.ts";
import type { CheckReport, Report, VerifyDocument } from "../../../src/verify/report.ts";

const evil = "\u001b]0;owned\u0007\u202egnp.exe\r\n| <img src=x> [a](http://b) & ]]> \u0000";

const outcome = (id: string, more: Partial<CheckReport> = {}): CheckReport => ({
  id,
  title: `Title of ${id}`,
  severity: "error",
  status: "passed",
  findings: [],
  ...more,
});

const failed = (id: string, message: string, at: string | null = null, more: Partial<CheckReport> = {}): CheckReport =>
  outcome(id, { status: "failed", findings: [{ message, at }], ...more });

const facts: Facts = {
  size: 18_600_000,
  durationMs: 310,
  static: false,
  madeBy: "torch-model-archiver 0.12.0",
  createdOn: "22/11/2026 10:00:00",
  passed: { archive: "4 entries", handler: "image_classifier" },
};

const broken: Report = {
  path: "store/classifier.mar",
  verdict: "not ready",
  checks: [
    outcome("archive/truncated"),
    outcome("archive/gap", { status: "n/a" }),
    failed("serve/onnx-builtin-handler", "image_classifier cannot run an ONNX model"),
    failed("labels/short", "998 labels for 1,000 outputs", "index_to_name.json"),
    failed("handler/unresolved-import", "nothing brings foo", "handler.py:3:1", { severity: "warning" }),
    failed("pickle/framework-class", "torch.nn.Linear is imported", "model.pt", {
      severity: "warning",
      excepted: true,
    }),
    outcome("model/loads", { status: "skipped", reason: "after serve/onnx-builtin-handler" }),
    outcome("model/runs", { status: "skipped", reason: "after serve/onnx-builtin-handler" }),
  ],
  model: { file: "model.onnx", format: "onnx", signature: null },
  inference: null,
  exceptions: [
    { rule: "pickle/framework-class", at: null, source: "--ignore", reason: null, used: true },
    { rule: "onnx/custom-domain", at: null, source: "--ignore", reason: null, used: false },
  ],
};

const options = (width = 100): PageOptions => ({
  chalk: new Chalk({ level: 0 }),
  width,
  remedies: new Map([["serve/onnx-builtin-handler", "Pack it again with --handler onnx_image_classifier."]]),
});

test("the page of a broken archive", () => {
  expect(renderReport(broken, facts, options())).toBe(
    [
      "store/classifier.mar   18.6 MB   made by torch-model-archiver 0.12.0 on 22/11/2026 10:00:00",
      "",
      "  ok     archive  4 entries",
      "  FAIL   serve    image_classifier cannot run an ONNX model               serve/onnx-builtin-handler",
      "                  Pack it again with --handler onnx_image_classifier.",
      "  FAIL   labels   index_to_name.json: 998 labels for 1,000 outputs                      labels/short",
      "  warn   handler  handler.py:3:1: nothing brings foo                       handler/unresolved-import",
      "  known  pickle   model.pt: torch.nn.Linear is imported                       pickle/framework-class",
      "  skip   runs     after serve/onnx-builtin-handler",
      "",
      "  excepted: pickle/framework-class by --ignore",
      "",
      "not ready   2 errors   1 warning   0.31 s",
      "More: model-archiver explain serve/onnx-builtin-handler",
      "",
    ].join("\n"),
  );
});

test.each([40, 60, 80, 100, 120])("no line is wider than %i columns", (width) => {
  const long: Report = {
    ...broken,
    path: "m.mar",
    checks: [...broken.checks, failed("a/b", "a rather long finding ".repeat(12), "some/entry.py")],
  };
  const lines = renderReport(long, facts, options(width)).split("\n");
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(Math.max(width, 56));
});

test("many findings of one check are cut, and counted", () => {
  const findings = Array.from({ length: 30 }, (_, i) => ({ message: `finding ${i}`, at: null }));
  const page = renderReport({ ...broken, checks: [outcome("a/b", { status: "failed", findings })] }, facts, options());
  expect(page).toContain("finding 4");
  expect(page).not.toContain("finding 5 ");
  expect(page).toContain("and 25 more");
  expect(page).toContain("30 errors");
});

const hostile: Report = {
  ...broken,
  path: `${evil}.mar`,
  checks: [failed("archive/unsafe-name", evil, evil), outcome("model/runs", { status: "skipped", reason: evil })],
  exceptions: [{ rule: evil, at: evil, source: evil, reason: evil, used: true }],
};
const document: VerifyDocument = {
  schemaVersion: 1,
  reports: [
    broken,
    hostile,
    { path: "nope.mar", verdict: null, error: { code: "not-found", message: `no ${evil}`, remedy: "Check the path." } },
  ],
};

// oxlint-disable-next-line no-control-regex -- what must not be there
const obeyed = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

test("nothing of an archive's own bytes reaches a terminal or a file as a control character", () => {
  const texts = [
    renderReport(hostile, { ...facts, madeBy: evil, createdOn: evil, passed: { archive: evil } }, options()),
    ...document.reports.map((report) => renderLine(report, options())),
    renderSummary(document.reports, 3200, new Chalk({ level: 0 })),
    junit(document),
    markdown(document),
  ];
  for (const text of texts) expect(text).not.toMatch(obeyed);
});

test("the summary counts", () => {
  expect(renderSummary(document.reports, 3200, new Chalk({ level: 0 }))).toBe(
    "3 archives: 2 not ready, 1 unreadable   3.20 s",
  );
});

test("a table in Markdown keeps its cells, and nothing of the archive is a link, an image or markup", () => {
  const lines = markdown(document).split("\n");
  const rows = lines.filter((line) => line.startsWith("|"));
  expect(rows.length).toBeGreaterThan(6);
  for (const row of rows) expect([4, 5]).toContain(row.replaceAll("\\|", "").split("|").length - 1);
  expect(markdown(document)).not.toMatch(/<img|[^\\]\[a]|[^:]:\/\//);
});

test("JUnit is well-formed XML whose counts are those of its cases", () => {
  const text = junit(document);
  const open: string[] = [];
  const counts: Record<string, number> = {};
  for (const [, close, name = "", , empty] of text.matchAll(/<(\/)?([a-z-]+)((?: [a-z]+="[^"<]*")*)(\/)?>/g)) {
    if (close) expect(open.pop()).toBe(name);
    else {
      counts[name] = (counts[name] ?? 0) + 1;
      if (!empty) open.push(name);
    }
  }
  expect(open).toEqual([]);
  expect(counts).toMatchObject({ testsuite: 3, testcase: 11, failure: 3, error: 1, "system-out": 2 });
  expect(text).toContain('tests="8" failures="2" errors="0" skipped="3"');
  expect(text.replaceAll(/&(?:amp|lt|gt|quot);/g, "")).not.toContain("&");
});

test("SARIF is valid by its own schema, with a rule for each check and a result for each finding", async () => {
  const schema = JSON.parse(await readFile("fixtures/schemas/sarif-2.1.0.schema.json", "utf8"));
  const { $schema: _, id: $id, ...rest } = schema;
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const valid = ajv.compile({ $id, ...rest });
  const known: Check = {
    id: "labels/short",
    title: "Labels",
    severity: "error",
    why: "Why.",
    remedy: "What.",
    async *run() {},
  };
  const log = sarif(document, [...checks, known], "1.2.3");
  valid(log);
  expect(valid.errors ?? []).toEqual([]);
  const [run] = log.runs;
  expect(run?.tool.driver.rules).toHaveLength(checks.length + 1);
  expect(run?.results?.map(({ ruleId, level }) => [ruleId, level])).toEqual([
    ["serve/onnx-builtin-handler", "error"],
    ["labels/short", "error"],
    ["handler/unresolved-import", "warning"],
    ["pickle/framework-class", "warning"],
    ["archive/unsafe-name", "error"],
  ]);
  expect(run?.results?.[3]?.suppressions).toHaveLength(1);
  expect(run?.results?.[0]?.suppressions).toBeUndefined();
  const labels = run?.results?.[1];
  expect(run?.tool.driver.rules?.[labels?.ruleIndex ?? -1]?.id).toBe("labels/short");
  expect(labels?.locations?.[0]?.physicalLocation?.artifactLocation?.uri).toBe("store/classifier.mar");
  expect(labels?.locations?.[0]?.logicalLocations?.[0]?.fullyQualifiedName).toBe("index_to_name.json");
  expect(run?.invocations?.[0]?.executionSuccessful).toBe(false);
});
