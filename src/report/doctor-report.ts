import type { ChalkInstance } from "chalk";
import type { Advice, Level } from "../serving/advice.ts";
import type { Diagnosis } from "../serving/doctor.ts";
import { plural, printable, wrap } from "./text.ts";

const words: Readonly<Record<Level, string>> = { ok: "ok", note: "note", warning: "warn", problem: "FAIL" };

/** One line a probe; why and remedy below those that are not well. */
export function renderDiagnosis(diagnosis: Diagnosis, chalk: ChalkInstance, width: number): string {
  const { advice, machine } = diagnosis;
  const titleWidth = Math.max(...advice.map((row) => row.title.length));
  const indent = " ".repeat(2 + 4 + 2);
  const lines = advice.flatMap((row) => {
    const head = `  ${colour(row, chalk)(words[row.level].padEnd(4))}  ${row.title.padEnd(titleWidth)}  ${printable(row.value)}`;
    if (row.remedy === null) return [head];
    return [head, ...wrap(`${row.why} ${row.remedy}`, width - indent.length).map((line) => chalk.dim(indent + line))];
  });
  const head = machine.processor ? `${chalk.bold(printable(machine.processor))}\n\n` : "";
  return `${head}${lines.join("\n")}\n\n${summary(advice, chalk)}\n`;
}

function colour(row: Advice, chalk: ChalkInstance): (text: string) => string {
  if (row.level === "problem") return chalk.red;
  if (row.level === "warning") return chalk.yellow;
  return row.level === "ok" ? chalk.green : chalk.dim;
}

function summary(advice: readonly Advice[], chalk: ChalkInstance): string {
  const problems = advice.filter((row) => row.level === "problem").length;
  const warnings = advice.filter((row) => row.level === "warning").length;
  if (problems > 0) return chalk.red(`${plural(problems, "problem")}, ${plural(warnings, "warning")}`);
  return warnings > 0 ? chalk.yellow(plural(warnings, "warning")) : chalk.green("nothing to mend");
}
