import type { CheckReport, Report, Unreadable, VerifyDocument } from "../verify/report.ts";
import { printable } from "./text.ts";

/** A page for a pull request or a job summary: a table of archives, then what is wrong with each. */
export function markdown({ reports }: VerifyDocument): string {
  const table = reports.map((report) => `| ${cell(report.path)} | ${mark(report)} | ${counts(report)} |`);
  const details = reports.flatMap((report) => ("checks" in report ? findings(report) : unreadable(report)));
  return [
    "## model-archiver verify",
    "",
    "| archive | verdict | findings |",
    "| --- | --- | --- |",
    ...table,
    "",
    ...details,
  ].join("\n");
}

const marks = {
  ready: "✅ ready",
  sound: "✅ sound",
  "not ready": "❌ not ready",
  "not proven": "⚠️ not proven",
} as const;

function mark(report: Report | Unreadable): string {
  return report.verdict === null ? "❌ unreadable" : marks[report.verdict];
}

function counts(report: Report | Unreadable): string {
  if (!("checks" in report)) return cell(report.error.message);
  const failed = report.checks.filter((check) => check.status === "failed");
  if (failed.length === 0) return "none";
  const of = (name: string, list: readonly CheckReport[]): string[] => {
    const count = list.reduce((sum, check) => sum + check.findings.length, 0);
    return count === 0 ? [] : [`${count} ${name}${count === 1 ? "" : "s"}`];
  };
  const counted = failed.filter((check) => !check.excepted);
  return [
    ...of(
      "error",
      counted.filter((check) => check.severity === "error"),
    ),
    ...of(
      "warning",
      counted.filter((check) => check.severity === "warning"),
    ),
    ...of(
      "note",
      counted.filter((check) => check.severity === "note"),
    ),
    ...of(
      "exception",
      failed.filter((check) => check.excepted),
    ),
  ].join(", ");
}

function findings(report: Report): string[] {
  const rows = report.checks.flatMap((check) =>
    check.status === "failed" || (check.status === "skipped" && check.findings.length > 0)
      ? check.findings.map((finding) => {
          const level = check.excepted ? "excepted" : check.status === "skipped" ? "skipped" : check.severity;
          return `| ${level} | \`${check.id}\` | ${cell(finding.at ?? "")} | ${cell(finding.message)} |`;
        })
      : [],
  );
  if (rows.length === 0) return [];
  return [
    `### ${cell(report.path)}`,
    "",
    "| level | check | where | finding |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ];
}

function unreadable({ path, error }: Unreadable): string[] {
  return [`### ${cell(path)}`, "", `${cell(error.message)} (${error.code}) ${cell(error.remedy)}`, ""];
}

/** Text of an archive as text of a table: nothing in it is a link, an image, markup or a new cell. */
function cell(text: string): string {
  return printable(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replace(/[\\`*_[\]|!#~@]/g, (char) => `\\${char}`)
    .replace(/:\/\//g, ":&#47;/");
}
