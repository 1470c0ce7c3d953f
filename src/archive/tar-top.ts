import type { TarEntry } from "./tar-records.ts";

/**
 * TorchServe cuts each name of a tar file up to its first slash. Where one folder holds everything that folder is cut
 * off here too; a flat archive keeps its names (TorchServe cannot use it), less a leading `./`.
 */
export function topStripped(entries: readonly TarEntry[]): { entries: readonly TarEntry[]; top: string | null } {
  const tops = new Set(entries.map(({ path }) => path.slice(0, Math.max(0, path.indexOf("/")))));
  const [top = ""] = tops;
  const single = tops.size === 1 && top !== "" && top !== "MAR-INF" && top !== "..";
  const prefix = single ? `${top}/` : "./";
  const cut = entries.flatMap((entry) => {
    if (entry.path === prefix || entry.path === ".") return [];
    return [entry.path.startsWith(prefix) ? { ...entry, path: entry.path.slice(prefix.length) } : entry];
  });
  return { entries: cut, top: single ? top : null };
}
