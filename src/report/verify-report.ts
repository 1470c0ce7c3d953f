import type { ChalkInstance } from "chalk";
import type { Facts } from "../verify/facts.ts";
import type { Exception, Report, Unreadable, Verdict } from "../verify/report.ts";
import { formatDuration, formatSize, plural, printable, wrap } from "./text.ts";
import { type RowWord, type VerifyRow, verifyRows } from "./verify-rows.ts";

export interface PageOptions {
  readonly chalk: ChalkInstance;
  /** Columns of the terminal. */
  readonly width: number;
  /** Remedy of each check, by id. */
  readonly remedies: ReadonlyMap<string, string>;
}

/** The page that `verify` prints for one archive: what was checked, what is wrong, and the verdict last. */
export function renderReport(report: Report, facts: Facts, options: PageOptions): string {
  const { chalk } = options;
  const rows = verifyRows(report, facts, options.remedies);
  const words = Math.max(2, ...rows.map((row) => row.word.length));
  const labels = Math.max(0, ...rows.map((row) => row.label.length));
  const lines = rows.flatMap((row) => rowLines(row, words, labels, options));
  const known = report.exceptions.filter((exception) => exception.used !== false).map(exceptionText);
  const notes = known.length === 0 ? "" : `\n${known.map((text) => `  ${printable(text)}\n`).join("")}`;
  const explain = rows.find((row) => row.word === "FAIL" && row.id !== null)?.id ?? null;
  return [
    `${headLine(report.path, facts, options)}\n\n`,
    lines.map((line) => `${line}\n`).join(""),
    `${notes}\n`,
    `${verdictLine(report, facts, chalk)}\n`,
    explain === null ? "" : `${chalk.dim(`More: model-archiver explain ${explain}`)}\n`,
  ].join("");
}

function headLine(path: string, facts: Facts, { chalk, width }: PageOptions): string {
  const made = [facts.madeBy && `made by ${facts.madeBy}`, facts.createdOn && `on ${facts.createdOn}`];
  const [name, size, by] = [printable(path), formatSize(facts.size), made.filter(Boolean).map(printableText).join(" ")];
  const fits = name.length + size.length + by.length + 6 <= width;
  const rest = fits ? `   ${by}` : `\n${wrap(by, Math.max(width, narrowest)).join("\n")}`;
  return `${chalk.bold(name)}   ${size}${by === "" ? "" : rest}`;
}

const printableText = (text: string | null): string => printable(text ?? "");

const narrowest = 40;

/** Word, label and text in columns; the id at the right edge of the first line, or below where there is no room. */
function rowLines(row: VerifyRow, words: number, labels: number, { chalk, width }: PageOptions): string[] {
  const indent = 2 + words + 2 + labels + 2;
  const room = Math.max(width, narrowest) - indent;
  const id = row.id === null || row.word === "skip" ? "" : row.id;
  const text = wrap(printable(row.text), room);
  const below = row.below.flatMap((part) => wrap(printable(part), room)).filter((line) => line !== "");
  const head = `  ${colour(row.word, chalk)(row.word.padEnd(words))}  ${row.label.padEnd(labels)}  `;
  const [first = "", ...rest] = text;
  const fits = id !== "" && first.length + 2 + id.length <= room;
  const pad = " ".repeat(indent);
  return [
    `${head}${first}${fits ? chalk.dim(id.padStart(room - first.length)) : ""}`.trimEnd(),
    ...rest.map((line) => pad + line),
    ...(id !== "" && !fits ? [pad + chalk.dim(id)] : []),
    ...below.map((line) => pad + chalk.dim(line)),
  ];
}

function colour(word: RowWord, chalk: ChalkInstance): ChalkInstance {
  switch (word) {
    case "ok":
      return chalk.green;
    case "FAIL":
      return chalk.red.bold;
    case "warn":
      return chalk.yellow;
    default:
      return chalk.dim;
  }
}

function exceptionText({ rule, at, source, reason }: Exception): string {
  return `excepted: ${rule}${at === null ? "" : ` at ${at}`} by ${source}${reason === null ? "" : `: ${reason}`}`;
}

/** Errors and warnings that count, i.e. without those the user lives with. */
function counts(report: Report): { errors: number; warnings: number } {
  const failed = report.checks.filter((check) => check.status === "failed" && !check.excepted);
  const of = (severity: string): number =>
    failed.filter((check) => check.severity === severity).reduce((sum, check) => sum + check.findings.length, 0);
  return { errors: of("error"), warnings: of("warning") };
}

function verdictLine(report: Report, facts: Facts, chalk: ChalkInstance): string {
  const { errors, warnings } = counts(report);
  const parts = [
    verdictColour(report.verdict, chalk)(report.verdict),
    ...(errors > 0 ? [plural(errors, "error")] : []),
    ...(warnings > 0 ? [plural(warnings, "warning")] : []),
    chalk.dim(formatDuration(facts.durationMs)),
  ];
  return parts.join("   ");
}

function verdictColour(verdict: Verdict | null, chalk: ChalkInstance): ChalkInstance {
  if (verdict === "ready" || verdict === "sound") return chalk.green.bold;
  return verdict === "not proven" ? chalk.yellow.bold : chalk.red.bold;
}

const verdictWidth = 10;

/** One line for each of many archives: verdict, path, and the first thing that is wrong. */
export function renderLine(report: Report | Unreadable, options: PageOptions): string {
  const { chalk, width } = options;
  const verdict = report.verdict ?? "unreadable";
  const reason = "error" in report ? report.error.message : reasonOf(report);
  const text = `${printable(report.path)}${reason === "" ? "" : `  ${printable(reason)}`}`;
  const room = Math.max(width, narrowest) - verdictWidth - 2;
  const cut = text.length > room ? `${text.slice(0, room - 1)}…` : text;
  return `${verdictColour(report.verdict, chalk)(verdict.padEnd(verdictWidth))}  ${cut}`;
}

function reasonOf(report: Report): string {
  const failed = report.checks.find(
    (check) => check.status === "failed" && !check.excepted && check.severity === "error",
  );
  if (failed) return `${failed.id}: ${failed.findings[0]?.message ?? failed.title}`;
  if (report.verdict !== "not proven") return "";
  const skipped = report.checks.find((check) => check.status === "skipped" && check.severity === "error");
  return skipped?.reason ?? "";
}

/** `40 archives: 38 ready, 1 not ready, 1 unreadable   3.2 s`. */
export function renderSummary(
  reports: readonly (Report | Unreadable)[],
  durationMs: number,
  chalk: ChalkInstance,
): string {
  const verdicts = ["ready", "sound", "not ready", "not proven", null] as const;
  const parts = verdicts.flatMap((verdict) => {
    const count = reports.filter((report) => report.verdict === verdict).length;
    return count === 0 ? [] : [`${count} ${verdictColour(verdict, chalk)(verdict ?? "unreadable")}`];
  });
  return `${plural(reports.length, "archive")}: ${parts.join(", ")}   ${chalk.dim(formatDuration(durationMs))}`;
}
