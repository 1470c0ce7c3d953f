import type { CheckReport, Report, Unreadable, VerifyDocument } from "../verify/report.ts";
import { printable } from "./text.ts";

/**
 * A JUnit report, as CI systems read it (https://github.com/testmoapp/junitxml): a suite for each archive, a test case
 * for each check. Warnings and notes pass, with what they found as output; what could not be answered is skipped.
 */
export function junit({ reports }: VerifyDocument): string {
  const suites = reports.map((report) => ("checks" in report ? suite(report) : unreadableSuite(report)));
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="model-archiver verify">\n${suites.join("")}</testsuites>\n`;
}

function suite({ path, verdict, checks }: Report): string {
  const failures = checks.filter(isFailure).length;
  const skipped = checks.filter((check) => check.status === "skipped" || check.status === "n/a").length;
  const cases = checks.map((check) => testCase(path, check)).join("");
  const open = `<testsuite${attributes({ name: path, tests: checks.length, failures, errors: 0, skipped })}>`;
  return `  ${open}\n    <properties><property${attributes({ name: "verdict", value: verdict })}/></properties>\n${cases}  </testsuite>\n`;
}

function unreadableSuite({ path, error }: Unreadable): string {
  const open = `<testsuite${attributes({ name: path, tests: 1, failures: 0, errors: 1, skipped: 0 })}>`;
  const body = `<error${attributes({ type: error.code, message: error.message })}>${escape(error.remedy)}</error>`;
  return `  ${open}\n    <testcase${attributes({ classname: path, name: "archive can be read" })}>${body}</testcase>\n  </testsuite>\n`;
}

function isFailure(check: CheckReport): boolean {
  return check.status === "failed" && check.severity === "error" && !check.excepted;
}

function testCase(path: string, check: CheckReport): string {
  const name = `${check.id}: ${check.title}`;
  return `    <testcase${attributes({ classname: path, name })}>${outcome(check)}</testcase>\n`;
}

function outcome(check: CheckReport): string {
  const text = check.findings.map(({ message, at }) => (at === null ? message : `${at}: ${message}`)).join("\n");
  if (isFailure(check)) {
    return `<failure${attributes({ type: check.id, message: check.findings[0]?.message ?? "" })}>${escape(text)}</failure>`;
  }
  if (check.status === "skipped") return `<skipped${attributes({ message: check.reason ?? "" })}/>`;
  if (check.status === "n/a") return `<skipped message="nothing to check"/>`;
  return text === "" ? "" : `<system-out>${escape(`${check.severity}: ${text}`)}</system-out>`;
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([key, value]) => ` ${key}="${escape(String(value))}"`)
    .join("");
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** XML text; characters that XML forbids are shown as escapes. */
function escape(text: string): string {
  const lines = text.split("\n").map((line) => printable(line));
  return lines.join("\n").replace(/[&<>"]/g, (char) => entities[char] ?? char);
}
