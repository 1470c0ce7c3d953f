import type { ChalkInstance } from "chalk";
import type { InspectedEntry, InspectedModel, Inspection } from "../inspect/inspection.ts";
import { formatNames } from "../model/model-format.ts";
import { columns, formatCount, formatShape, formatSize, plural, printable, shorten } from "./text.ts";

type Row = readonly [label: string, ...cells: string[]];

const containerNames = { zip: "ZIP", tar: "tar", "tar.gz": "tar.gz", directory: "folder", bare: "model file" } as const;
const operatorsShown = 8;
const nameWidth = 48;

/** The page that `inspect` prints: a head line, then what the manifest, the model and the entries say. */
export function renderInspection(inspection: Inspection, chalk: ChalkInstance): string {
  const head = [printable(inspection.path), formatSize(inspection.size), containerNames[inspection.container]];
  const lines = [chalk.bold(head[0] ?? ""), ...head.slice(1)].join("   ");
  const integrity = inspection.integrityRoot ? `integrity sha256:${inspection.integrityRoot}\n` : "";
  const sections = [
    section(chalk, "manifest", manifestRows(inspection)),
    section(chalk, "model", inspection.model ? modelRows(inspection.model) : []),
    inspection.container === "bare" ? "" : entryTable(inspection.entries, chalk),
    problems(inspection, chalk),
  ];
  return `${lines}\n${integrity}${sections.join("")}`;
}

function section(chalk: ChalkInstance, title: string, rows: readonly Row[]): string {
  if (rows.length === 0) return "";
  const body = columns(rows).map((line) => `  ${line}\n`);
  return `\n${chalk.dim(title)}\n${body.join("")}`;
}

function manifestRows(inspection: Inspection): Row[] {
  const { manifest, handler, labels } = inspection;
  if (manifest === null) return inspection.container === "bare" ? [] : [["none that can be read"]];
  const { model } = manifest;
  const rows: [string, string | undefined][] = [
    ["name", model.modelName],
    ["version", model.modelVersion],
    ["handler", handler ? handlerText(handler) : undefined],
    ["model file", model.modelFile],
    ["labels", labels ? `${plural(labels.count, "label")}: ${labels.first.join(", ")}, …` : undefined],
    ["requirements", model.requirementsFile],
    ["configuration", model.configFile],
    ["runtime", manifest.runtime],
    ["created", manifest.createdOn],
    ["archiver", madeBy(manifest.archiverVersion, manifest.modelArchiver)],
  ];
  return rows.flatMap(([label, text]) => (text === undefined ? [] : [[label, printable(String(text))] as const]));
}

function handlerText(handler: NonNullable<Inspection["handler"]>): string {
  return handler.builtIn ? `${handler.name}, TorchServe's own` : handler.name;
}

function madeBy(
  version: string | undefined,
  additions: { tool: string; version: string } | undefined,
): string | undefined {
  return additions ? `${additions.tool} ${additions.version}` : version && `torch-model-archiver ${version}`;
}

function modelRows(model: InspectedModel): Row[] {
  const rows: Row[] = [
    ["file", printable(model.file)],
    ["format", formatNames[model.format]],
  ];
  const { signature } = model;
  if (signature === null) return rows;
  for (const [fact, value] of Object.entries(signature.facts)) rows.push([fact, printable(value)]);
  signature.inputs.forEach((input, i) => rows.push([i === 0 ? "inputs" : "", valueText(input)]));
  signature.outputs.forEach((output, i) => rows.push([i === 0 ? "outputs" : "", valueText(output)]));
  if (signature.parameters !== null) rows.push(["parameters", formatCount(signature.parameters)]);
  const operators = operatorText(signature.operators);
  if (operators) rows.push(["operators", operators]);
  if (signature.externalData.length > 0) rows.push(["external data", signature.externalData.map(printable).join(", ")]);
  return rows;
}

function valueText(value: { name: string; dtype: string; shape: readonly (number | string | null)[] | null }): string {
  return `${printable(value.name)}  ${value.dtype} ${formatShape(value.shape)}`;
}

function operatorText(operators: Readonly<Record<string, number>>): string {
  const counts = Object.entries(operators).toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  if (counts.length === 0) return "";
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const shown = counts.slice(0, operatorsShown).map(([name, count]) => `${printable(name)} ${formatCount(count)}`);
  const more = counts.length > operatorsShown ? ", …" : "";
  return `${formatCount(total)} of ${plural(counts.length, "kind")}: ${shown.join(", ")}${more}`;
}

function entryTable(entries: readonly InspectedEntry[], chalk: ChalkInstance): string {
  const rows = entries.map((entry) => [
    shorten(printable(entry.path), nameWidth),
    entry.kind === "file" ? formatSize(entry.size) : entry.kind,
    entry.kind !== "file"
      ? ""
      : entry.method === "deflated"
        ? `deflated to ${formatSize(entry.packedSize)}`
        : entry.method,
    entry.sha256 ?? "",
  ]);
  const body = columns(rows, ["left", "right"]).map((line) => `  ${line}\n`);
  return `\n${chalk.dim(plural(entries.length, "entry", "entries"))}\n${body.join("")}`;
}

function problems(inspection: Inspection, chalk: ChalkInstance): string {
  const all = [
    ...inspection.anomalies.map((anomaly) => [anomaly.rule, anomaly.at, anomaly.message] as const),
    ...inspection.manifestIssues.map((issue) => ["manifest", issue.pointer, issue.message] as const),
  ];
  if (all.length === 0) return "";
  const lines = all.map(
    ([rule, at, message]) => `  ${at ? `${printable(at)}: ` : ""}${printable(message)}  ${chalk.dim(rule)}\n`,
  );
  return `\n${chalk.yellow(plural(all.length, "problem"))}; verify tells what follows\n${lines.join("")}`;
}
