import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { compileWildcard } from "../archive/wildcard.ts";
import { statOf } from "./stat.ts";

/**
 * Python's `glob.glob(pattern)`, not recursive (`**` is `*`): names that begin with a dot are matched only by a pattern
 * that does. Gives the paths as Python would, relative to `cwd` where the pattern is; sorted, so that the order of a
 * folder does not matter.
 */
export function globPaths(pattern: string, cwd: string): string[] {
  const slash = pattern.lastIndexOf("/");
  const folder = pattern.slice(0, slash + 1);
  const name = pattern.slice(slash + 1);
  const folders = /[*?[]/.test(folder)
    ? globPaths(folder.replace(/\/+$/, ""), cwd).map((each) => `${each}/`)
    : [folder];
  return folders.flatMap((each) => matchesIn(each, name, cwd)).toSorted();
}

function matchesIn(folder: string, name: string, cwd: string): string[] {
  if (name === "") return folder === "" || !statOf(resolve(cwd, folder))?.isDirectory() ? [] : [folder];
  const exists = (path: string): boolean => statOf(resolve(cwd, path)) !== undefined;
  if (!/[*?[]/.test(name)) return exists(folder + name) ? [folder + name] : [];
  const matches = compileWildcard(name);
  let names: string[];
  try {
    names = readdirSync(resolve(cwd, folder));
  } catch {
    return [];
  }
  const hidden = name.startsWith(".");
  return names.filter((each) => (hidden || !each.startsWith(".")) && matches(each)).map((each) => folder + each);
}
