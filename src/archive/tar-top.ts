import type { TarEntry } from "./tar-records.ts";

export interface Topped {
  readonly entries: readonly TarEntry[];
  /** Whether TorchServe, which cuts each name up to its first slash, arrives at the same names. */
  readonly serves: boolean;
}

/**
 * The names below the one folder that holds everything, if there is one. TorchServe cuts `./` like any folder, so it
 * takes `./MAR-INF/…` and `name/MAR-INF/…`, but neither a flat archive nor `./name/MAR-INF/…`.
 */
export function topStripped(entries: readonly TarEntry[]): Topped {
  const dotted = entries.length > 0 && entries.every(({ path }) => path.startsWith("./") || path === ".");
  const plain = entries.flatMap((entry) => renamed(entry, entry.path === "." ? "" : entry.path.replace(/^\.\//u, "")));
  const tops = new Set(plain.map(({ path }) => path.slice(0, Math.max(0, path.indexOf("/")))));
  const [top = ""] = tops;
  const single = tops.size === 1 && top !== "" && top !== "MAR-INF" && top !== "..";
  if (!single) return { entries: plain, serves: dotted };
  return { entries: plain.flatMap((entry) => renamed(entry, entry.path.slice(top.length + 1))), serves: !dotted };
}

/** The folder itself is no entry. */
function renamed(entry: TarEntry, path: string): TarEntry[] {
  if (path === entry.path) return [entry];
  return path === "" ? [] : [{ ...entry, path }];
}
