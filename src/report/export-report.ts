import type { Exported } from "../export/export.ts";
import { columns, formatSize, printable } from "./text.ts";

/** What `export` wrote, or why it did not, for a terminal. */
export function renderExport({ folder, files, check, left, refused, name }: Exported): string {
  if (folder === null) {
    const rows = refused.map(({ rule, at, message }) => [rule, printable(at === null ? message : `${at}: ${message}`)]);
    return `refused: the static checks found errors in ${printable(name)}; nothing was written\n${indented(columns(rows))}`;
  }
  const rows = files.map(({ path, size }) => [printable(path), formatSize(size)]);
  const checked =
    check === null ? [] : [`checked   ${check.engine}: largest difference ${check.largestDifference.toPrecision(2)}`];
  const notes = left.map((what) => printable(`left out  ${what}`));
  return `${printable(folder)}\n${indented(columns(rows))}${indented([...checked, ...notes])}`;
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}\n`).join("");
}
