import { limitText } from "./bench-text.ts";
import type { CheckReport, Report } from "../verify/report.ts";
import type { Facts } from "../verify/facts.ts";

export type RowWord = "ok" | "FAIL" | "warn" | "note" | "skip" | "known";

/** One line of the page, with what stands below it. */
export interface VerifyRow {
  readonly word: RowWord;
  /** What it is about: the family of the check, or `runs` for the dummy run. */
  readonly label: string;
  readonly text: string;
  /** Id of the check, where something is to be said of it. */
  readonly id: string | null;
  readonly below: readonly string[];
}

const shownFindings = 5;

/** The lines of a report: one for each family that is well, one for each finding and each check that could not run. */
export function verifyRows(report: Report, facts: Facts, remedies: ReadonlyMap<string, string>): VerifyRow[] {
  const families = new Map<string, CheckReport[]>();
  for (const check of report.checks) {
    const label = labelOf(check);
    families.set(label, [...(families.get(label) ?? []), check]);
  }
  const noRunReason =
    report.checks.find(({ id, status }) => id === "model/runs" && status === "skipped")?.reason ?? null;
  return [
    ...[...families].flatMap(([label, checks]) => familyRows(label, checks, { facts, remedies, noRunReason })),
    ...sloRows(report),
  ];
}

/** A line for each limit of --slo. */
function sloRows({ slo }: Report): VerifyRow[] {
  const words = { ok: "ok", over: "FAIL", "not proven": "skip" } as const;
  return (slo?.limits ?? []).map((limit): VerifyRow => ({
    word: words[limit.answer],
    label: "slo",
    text: `${limitText(limit)} in ${slo?.engine}${limit.reason === null ? "" : `: ${limit.reason}`}`,
    id: null,
    below: [],
  }));
}

const runChecks: ReadonlySet<string> = new Set([
  "model/loads",
  "model/runs",
  "model/non-finite",
  "model/nondeterministic",
]);

function labelOf({ id }: CheckReport): string {
  return runChecks.has(id) ? "runs" : (id.split("/")[0] ?? id);
}

interface Context {
  /** Why the model did not run; null where it did. */
  readonly noRunReason: string | null;
  readonly facts: Facts;
  readonly remedies: ReadonlyMap<string, string>;
}

function familyRows(label: string, checks: readonly CheckReport[], context: Context): VerifyRow[] {
  const rows = checks.flatMap((check) => checkRows(label, check, context));
  if (rows.length > 0) return rows;
  const passed = checks.filter((check) => check.status === "passed");
  if (passed.length === 0) return label === "runs" ? [skipRow(label, checks)].filter((row) => row !== null) : [];
  const text = context.facts.passed[label] ?? goodWords[label] ?? passed.map((check) => check.title).join("; ");
  return [{ word: "ok", label, text, id: null, below: [] }];
}

/** What is good about a family, where the archive gives no better words. */
const goodWords: Readonly<Record<string, string>> = {
  manifest: "complete and valid",
  config: "what TorchServe reads",
  requirements: "every line can be installed",
  serve: "nothing that TorchServe would refuse",
  safetensors: "the header fits the file",
  onnx: "sound, no custom operators",
  torchscript: "made for inference",
};

function skipRow(label: string, checks: readonly CheckReport[]): VerifyRow | null {
  const skipped = checks.find((check) => check.status === "skipped");
  return skipped ? { word: "skip", label, text: skipped.reason ?? "", id: null, below: [] } : null;
}

function checkRows(label: string, check: CheckReport, context: Context): VerifyRow[] {
  if (check.status === "skipped") return skippedRows(label, check, context);
  if (check.status !== "failed") return [];
  const word = check.excepted ? "known" : wordOf(check);
  const remedy = context.remedies.get(check.id) ?? "";
  const rows = check.findings.slice(0, shownFindings).map((finding): VerifyRow => ({
    word,
    label,
    text: placed(finding),
    id: check.id,
    below: [finding.remedy ?? remedy],
  }));
  const hidden = check.findings.length - rows.length;
  // The check's remedy once, below its last finding.
  const trimmed = rows.map((row, i) => (row.below[0] === rows[i + 1]?.below[0] ? { ...row, below: [] } : row));
  if (hidden === 0) return trimmed;
  return [...trimmed, { word, label, text: `and ${hidden} more of this kind; --json has all`, id: null, below: [] }];
}

function wordOf({ severity }: CheckReport): RowWord {
  if (severity === "error") return "FAIL";
  return severity === "warning" ? "warn" : "note";
}

/** Checks that wait for another are no news; what could not run for a reason of its own is. */
function skippedRows(label: string, check: CheckReport, { facts, noRunReason }: Context): VerifyRow[] {
  const { reason = "", findings } = check;
  // What keeps the model from running is told there.
  if (check.id !== "model/runs" && reason === noRunReason) return [];
  if (reason.startsWith("after ") || (label === "runs" && check.id !== "model/runs")) return [];
  if (facts.static && label === "runs") return [];
  const below = findings.flatMap((finding) => [placed(finding), ...(finding.remedy ? [finding.remedy] : [])]);
  return [{ word: "skip", label, text: reason, id: check.id, below }];
}

function placed({ message, at }: { readonly message: string; readonly at: string | null }): string {
  return at === null || message.includes(at) ? message : `${at}: ${message}`;
}
