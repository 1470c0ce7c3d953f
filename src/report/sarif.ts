import { isAbsolute, posix } from "node:path";
import { pathToFileURL } from "node:url";
import type { Log, ReportingDescriptor, Result, Run, Suppression } from "sarif";
import type { Check, Severity } from "../checks/check.ts";
import type { CheckReport, Report, Unreadable, VerifyDocument } from "../verify/report.ts";
import { printable } from "./text.ts";

/** Where every check is described; the anchor is its id without the slash. */
export const checksPage = "https://github.com/model-archiver/model-archiver/blob/main/docs/checks.md";

/** The anchor of a check in docs/checks.md, as GitHub makes it from the heading. */
export function anchorOf(id: string): string {
  return id.replace("/", "");
}

const levels: Readonly<Record<Severity, "error" | "warning" | "note">> = {
  error: "error",
  warning: "warning",
  note: "note",
};

/**
 * SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/): a rule for each check, a result for each finding,
 * located in the archive's file, with the entry as logical location; exceptions are suppressions.
 */
export function sarif(document: VerifyDocument, checks: readonly Check[], version = "0.0.0"): Log {
  const reports = document.reports.filter((report) => "checks" in report);
  const run: Run = {
    tool: {
      driver: {
        name: "model-archiver",
        version,
        informationUri: checksPage,
        rules: checks.map(ruleOf),
      },
    },
    invocations: [
      {
        executionSuccessful: reports.length === document.reports.length,
        toolExecutionNotifications: document.reports.filter((report) => "error" in report).map(notificationOf),
      },
    ],
    results: reports.flatMap((report) => report.checks.flatMap((check) => resultsOf(report, check, checks))),
    columnKind: "utf16CodeUnits",
  };
  return { $schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] };
}

function ruleOf(check: Check): ReportingDescriptor {
  return {
    id: check.id,
    name: check.id.replaceAll(/(?:^|[/-])([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: check.title },
    fullDescription: { text: check.why },
    help: { text: `${check.why}\n\n${check.remedy}`, markdown: `${check.why}\n\n**Remedy:** ${check.remedy}` },
    helpUri: `${checksPage}#${anchorOf(check.id)}`,
    defaultConfiguration: { level: levels[check.severity] },
    properties: { tags: [check.id.split("/")[0] ?? "", ...(check.severity === "error" ? ["security"] : [])] },
  };
}

function resultsOf(report: Report, check: CheckReport, checks: readonly Check[]): Result[] {
  if (check.status !== "failed") return [];
  const suppressions: Suppression[] = check.excepted
    ? [{ kind: "external", justification: "excepted by the user" }]
    : [];
  return check.findings.map((finding) => ({
    ruleId: check.id,
    ruleIndex: checks.findIndex((one) => one.id === check.id),
    level: levels[check.severity],
    message: { text: printable(finding.remedy ? `${finding.message}. ${finding.remedy}` : finding.message) },
    locations: [locationOf(report.path, finding.at)],
    partialFingerprints: { "checkAndPlace/v1": `${check.id}:${finding.at ?? ""}` },
    ...(suppressions.length > 0 ? { suppressions } : {}),
  }));
}

function locationOf(path: string, at: string | null): NonNullable<Result["locations"]>[number] {
  const physicalLocation = { artifactLocation: { uri: uriOf(path) }, region: { startLine: 1 } };
  if (at === null) return { physicalLocation };
  return { physicalLocation, logicalLocations: [{ fullyQualifiedName: printable(at), kind: "member" }] };
}

/** Relative paths stay relative: GitHub matches them to files of the repository. */
function uriOf(path: string): string {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) return path;
  if (isAbsolute(path)) return pathToFileURL(path).href;
  return posix.normalize(path.replaceAll("\\", "/")).split("/").map(encodeURIComponent).join("/");
}

function notificationOf(report: Unreadable | Report): { level: "error"; message: { text: string } } {
  const text = "error" in report ? `${report.path}: ${report.error.message} ${report.error.remedy}` : report.path;
  return { level: "error", message: { text: printable(text) } };
}
