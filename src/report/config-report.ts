import type { ChalkInstance } from "chalk";
import type { CheckedConfig, ConfigCheckResult } from "../serving/check-config-files.ts";
import type { ConfigInitResult } from "../serving/init-config.ts";
import { formatSize, plural, printable } from "./text.ts";

export function renderConfigInit(result: ConfigInitResult, chalk: ChalkInstance): string {
  const { plan } = result;
  const slice = `${plan.slice.cpus} CPUs, ${formatSize(plan.slice.memory)}: ${plural(plan.threads, "thread")} a worker`;
  const models = plan.models.map(
    (model) =>
      `  ${printable(model.modelName)}  ${plural(model.minWorkers, "worker")}, batch ${model.batchSize}, ${formatSize(model.size)}`,
  );
  const files = result.files.map((file) => `  ${result.output}/${file}`);
  const remarks = plan.remarks.map((remark) => `${chalk.yellow("note:")} ${remark}`);
  const next = `Start it: torchserve --start --foreground --ncs --ts-config ${result.output}/config.properties`;
  return `${[slice, ...models, "", ...files, "", ...remarks, next].join("\n")}\n`;
}

export function renderConfigCheck(result: ConfigCheckResult, chalk: ChalkInstance): string {
  const errors = count(result, "error");
  const warnings = count(result, "warning");
  const lines = result.files.flatMap((file) => renderFile(file, chalk));
  const summary = `${plural(errors, "error")}, ${plural(warnings, "warning")}`;
  const verdict =
    errors > 0 ? chalk.red(summary) : warnings > 0 ? chalk.yellow(summary) : chalk.green("nothing to mend");
  return `${[...lines, "", verdict].join("\n")}\n`;
}

function count(result: ConfigCheckResult, severity: string): number {
  return result.files.reduce(
    (sum, file) => sum + file.findings.filter((finding) => finding.severity === severity).length,
    0,
  );
}

function renderFile(file: CheckedConfig, chalk: ChalkInstance): string[] {
  if (file.findings.length === 0) return [`${chalk.green("ok")}  ${printable(file.path)}  ${file.kind}`];
  return file.findings.flatMap(({ line, column, severity, message, remedy, rule }) => [
    `${printable(file.path)}:${line}:${column}: ${severity === "error" ? chalk.red("error") : chalk.yellow("warning")}: ${printable(message)}  ${chalk.dim(rule)}`,
    `  ${chalk.dim(printable(remedy))}`,
  ]);
}
