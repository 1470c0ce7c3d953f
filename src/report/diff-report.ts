import type { ChalkInstance } from "chalk";
import type {
  ChangedEntry,
  ChangedTensor,
  ChangedValue,
  Difference,
  Hunk,
  NumericDifference,
  OutputDifference,
  TensorChanges,
} from "../diff/difference.ts";
import { columns, formatSize, plural, printable } from "./text.ts";

/** The difference for a terminal. */
export function renderDifference(difference: Difference, chalk: ChalkInstance): string {
  const { same, numeric } = difference;
  const title = `${printable(difference.before)} → ${printable(difference.after)}`;
  const lines = [same ? `${title}   no difference` : title];
  if (numeric !== undefined) section(lines, "outputs", numericLines(numeric, difference));
  if (same) return `${lines.join("\n")}\n`;
  section(lines, "manifest", valueLines(difference.manifest));
  section(lines, "entries", columns(difference.entries.map(entryCells)));
  section(lines, "model", valueLines(difference.model));
  section(lines, "operators", valueLines(difference.operators));
  section(lines, "tensors", tensorLines(difference.tensors));
  for (const { path, pathBefore, hunks } of difference.texts) {
    section(
      lines,
      printable(path === pathBefore ? path : `${pathBefore} → ${path}`),
      hunks.flatMap((hunk) => hunkLines(hunk, chalk)),
    );
  }
  lines.push("", `${plural(difference.unchanged, "entry", "entries")} unchanged`);
  return `${lines.join("\n")}\n`;
}

function section(lines: string[], title: string, rows: readonly string[]): void {
  if (rows.length > 0) lines.push("", title, ...rows.map((row) => `  ${row}`));
}

function valueLines(values: readonly ChangedValue[]): string[] {
  return columns(values.map(({ name, before, after }) => [printable(name), `${shown(before)} → ${shown(after)}`]));
}

function shown(value: string | null): string {
  return value === null ? "none" : printable(value);
}

const signs = { added: "+", removed: "-", changed: "~" } as const;

function entryCells({ path, change, sizeBefore, sizeAfter }: ChangedEntry): string[] {
  const sizes = [sizeBefore, sizeAfter].flatMap((size) => (size === null ? [] : [formatSize(size)]));
  return [signs[change], printable(path), sizes.join(" → ")];
}

/** A retrained model changes them all; --json lists them. */
const mostTensors = 24;

function tensorLines({ changed, unchanged, notCompared }: TensorChanges): string[] {
  const rows = changed.slice(0, mostTensors).map((tensor) => tensorCells(tensor).map(printable));
  return [
    ...columns(rows),
    ...(changed.length > mostTensors ? [`… ${changed.length - mostTensors} more, all with --json`] : []),
    ...(changed.length + unchanged > 0 ? [`${changed.length} changed, ${unchanged} unchanged`] : []),
    ...notCompared.map(({ path, reason }) => printable(`${path}: ${reason}`)),
  ];
}

function tensorCells({ name, change, before, after }: ChangedTensor): [sign: string, name: string, what: string] {
  const sign = { ...signs, renamed: "→" }[change];
  const [old, now] = [before, after].map((tensor) => (tensor === null ? null : tensorText(tensor)));
  const what = old === null || now === null || old === now ? (now ?? old ?? "") : `${old} → ${now}`;
  return [sign, change === "renamed" && after !== null ? `${name} → ${after.name}` : name, what];
}

function tensorText({ dtype, shape, strides }: NonNullable<ChangedTensor["before"]>): string {
  return `${dtype} [${shape.join(", ")}]${strides === null ? "" : `, strides ${strides.join(", ")}`}`;
}

function numericLines(numeric: NumericDifference, sides: Pick<Difference, "before" | "after">): string[] {
  if (numeric.stage === "skipped") return [printable(`not run: ${sides[numeric.at]}: ${numeric.reason}`)];
  const { inputs, engine, outputs } = numeric;
  return [
    printable(`on ${inputs.join(", ")}; ${engine}`),
    ...columns(outputs.map((output) => outputCells(output).map(printable))),
  ];
}

function outputCells({ name, before, after, difference, magnitude, top }: OutputDifference): string[] {
  const [old, now] = [before, after].map((type) =>
    type === null ? "none" : `${type.dtype} [${type.shape.join(", ")}]`,
  );
  const type = old === now ? `${old}` : `${old} → ${now}`;
  if (difference === null || magnitude === null) return [name, type, "not comparable"];
  if (difference === 0) return [name, type, "the same"];
  const most = difference === "Infinity" ? "one of them is not a number" : `up to ${difference.toPrecision(2)} apart`;
  const first = top === null ? "" : `, same class first in ${top.same} of ${top.rows}`;
  return [name, type, `${most}, largest value ${magnitude.toPrecision(3)}${first}`];
}

function hunkLines({ lineBefore, lineAfter, lines }: Hunk, chalk: ChalkInstance): string[] {
  const colour = { "+": chalk.green, "-": chalk.red } as const;
  const head = chalk.dim(`@@ -${lineBefore} +${lineAfter} @@`);
  return [
    head,
    ...lines.map((line) => {
      const text = printable(line);
      if (line.startsWith("+")) return colour["+"](text);
      return line.startsWith("-") ? colour["-"](text) : text;
    }),
  ];
}

/** The difference for a merge request. */
export function differenceMarkdown(difference: Difference): string {
  const lines = [`### ${code(difference.before)} → ${code(difference.after)}`, ""];
  if (difference.numeric !== undefined)
    lines.push(...numericLines(difference.numeric, difference).map((line) => `- ${escaped(line)}`), "");
  if (difference.same) return `${[...lines, "No difference."].join("\n")}\n`;
  for (const [title, values] of [
    ["Manifest", difference.manifest],
    ["Model", difference.model],
    ["Operators", difference.operators],
  ] as const) {
    if (values.length === 0) continue;
    lines.push(`| ${title} | before | after |`, "|---|---|---|");
    for (const { name, before, after } of values) lines.push(`| ${code(name)} | ${cell(before)} | ${cell(after)} |`);
    lines.push("");
  }
  if (difference.entries.length > 0) {
    lines.push("| Entry | change | before | after |", "|---|---|---:|---:|");
    for (const { path, change, sizeBefore, sizeAfter } of difference.entries) {
      lines.push(`| ${code(path)} | ${change} | ${size(sizeBefore)} | ${size(sizeAfter)} |`);
    }
    lines.push("");
  }
  lines.push(...tensorTable(difference.tensors));
  for (const { path, pathBefore, hunks } of difference.texts) {
    const text = hunks
      .flatMap((hunk) => [`@@ -${hunk.lineBefore} +${hunk.lineAfter} @@`, ...hunk.lines])
      .map(printable);
    const fence = "`".repeat(Math.max(3, ...text.map((line) => (/`+/u.exec(line)?.[0].length ?? 0) + 1)));
    lines.push(
      `<details><summary>${escaped(path === pathBefore ? path : `${pathBefore} → ${path}`)}</summary>`,
      "",
      `${fence}diff`,
      ...text,
      fence,
      "",
      "</details>",
      "",
    );
  }
  lines.push(`${plural(difference.unchanged, "entry", "entries")} unchanged.`);
  return `${lines.join("\n")}\n`;
}

function tensorTable({ changed, unchanged, notCompared }: TensorChanges): string[] {
  const rows = changed.slice(0, mostTensors).map((tensor) => {
    const [, name, what] = tensorCells(tensor);
    return `| ${code(name)} | ${tensor.change} | ${escaped(what)} |`;
  });
  const more = changed.length > rows.length ? `, of which ${rows.length} are shown` : "";
  return [
    ...(rows.length === 0 ? [] : ["| Tensor | change | |", "|---|---|---|", ...rows, ""]),
    ...(changed.length + unchanged === 0
      ? []
      : [`${changed.length} tensors changed${more}, ${unchanged} unchanged.`, ""]),
    ...notCompared.flatMap(({ path, reason }) => [
      `Tensors of ${code(path)} were not compared: ${escaped(reason)}.`,
      "",
    ]),
  ];
}

function size(bytes: number | null): string {
  return bytes === null ? "" : formatSize(bytes);
}

function cell(value: string | null): string {
  return value === null ? "" : code(value);
}

/** Text of an archive must not become markup. */
function code(text: string): string {
  return `<code>${escaped(text)}</code>`;
}

function escaped(text: string): string {
  return printable(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/[|`*_[\]\\]/gu, (char) => `&#${char.codePointAt(0) ?? 0};`);
}
