import type { ChalkInstance } from "chalk";
import type { Check } from "../checks/check.ts";
import { columns, wrap } from "./text.ts";

/** One check in full when its id was asked for, else a list. */
export function renderExplanation(
  checks: readonly Check[],
  id: string | undefined,
  chalk: ChalkInstance,
  width: number,
): string {
  const [check] = checks;
  if (check && check.id === id) return renderCheck(check, chalk, width);
  return columns(checks.map((one) => [one.id, one.severity, one.title]))
    .map((line) => `${line}\n`)
    .join("");
}

function renderCheck(check: Check, chalk: ChalkInstance, width: number): string {
  const room = Math.max(40, Math.min(width, 100)) - 2;
  const paragraph = (text: string): string[] => wrap(text, room).map((line) => `  ${line}`);
  const after = (check.after ?? []).map((before) => before.id).join(", ");
  return [
    `${chalk.bold(check.id)}   ${check.severity}`,
    "",
    ...paragraph(`${check.title}.`),
    "",
    ...paragraph(check.why),
    "",
    ...paragraph(check.remedy),
    ...(after === "" ? [] : ["", ...paragraph(`Asked after ${after}.`)]),
    ...(check.runsModel ? ["", ...paragraph("Needs the dummy run; left out with --static.")] : []),
    "",
  ].join("\n");
}

/** `{schemaVersion, checks: [{id, title, severity, why, remedy, after, needsRun}]}`. */
export function explanationJson(checks: readonly Check[]): string {
  const rows = checks.map(({ id, title, severity, why, remedy, after, runsModel }) => ({
    id,
    title,
    severity,
    why,
    remedy,
    after: (after ?? []).map((before) => before.id),
    needsRun: runsModel ?? false,
  }));
  return `${JSON.stringify({ schemaVersion: 1, checks: rows }, null, 2)}\n`;
}
