import { basename } from "node:path";
import type { ChalkInstance } from "chalk";
import type { ArchiveResult, ArchivedEntry } from "../pack/pack.ts";
import { columns, formatDuration, formatSize, plural, printable } from "./text.ts";

/** What `archive` wrote, or with --dry-run would write. */
export function renderArchive(result: ArchiveResult, chalk: ChalkInstance): string {
  const name = chalk.bold(printable(basename(result.path)));
  const rows = result.entries.map((entry) => [printable(entry.path), formatSize(entry.size), packing(entry)]);
  if (!result.written) rows.push(["MAR-INF/MANIFEST.json", "", ""]);
  const table = columns(rows, ["left", "right"]).map((line) => `  ${line}`);
  const size = result.size === null ? "" : `   ${formatSize(result.size)}`;
  const head = result.written
    ? [
        `${name}${size}   ${formatDuration(result.milliseconds)}`,
        `integrity sha256:${result.integrityRoot}`,
        ...(result.signature === null ? [] : [`signature ${printable(basename(result.signature))}`]),
      ]
    : [`${name}   would be written to ${printable(result.path)}`];
  return [...head, "", ...table, ...leftOut(result), ""].join("\n");
}

function packing({ method, packedSize }: ArchivedEntry): string {
  if (method === "deflated" && packedSize !== null) return `deflated to ${formatSize(packedSize)}`;
  return method ?? "";
}

function leftOut({ leftOut: items }: ArchiveResult): string[] {
  if (items.length === 0) return [];
  const rows = items.map(({ from, reason }) => [printable(from), reason]);
  const lines = columns(rows).map((line) => `  ${line}`);
  return ["", `left out ${plural(items.length, "thing")}; --include PATTERN packs them`, ...lines];
}

const schemaVersion = 1;

/** The document of `archive --json`. `verification` is the document of `verify --json`, or null. */
export function archiveDocument(result: ArchiveResult, verification: unknown): object {
  return { schemaVersion, ...result, milliseconds: Math.round(result.milliseconds), verification };
}
