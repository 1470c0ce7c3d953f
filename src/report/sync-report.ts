import type { Synced } from "../oci/sync.ts";
import { columns, formatSize, plural, printable } from "./text.ts";

/** What `sync` did, for a terminal. */
export function renderSync({ archives, reference, digest, moved, direction }: Synced): string {
  const rows = archives.map(({ state, file, size, reason }) => {
    return [state, printable(file), formatSize(size), ...(reason === null ? [] : [printable(reason)])];
  });
  const unchanged = archives.filter(({ state }) => state === "unchanged").length;
  const what = direction === "up" ? "sent" : "fetched";
  return [
    ...columns(rows).map((row) => `  ${row}`),
    `${plural(archives.length, "archive")}, ${unchanged} unchanged, ${formatSize(moved)} ${what}`,
    printable(`${reference.split("@")[0]}@${digest}`),
    "",
  ].join("\n");
}
