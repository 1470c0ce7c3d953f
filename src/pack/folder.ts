import { type Dirent, readdirSync, realpathSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { diskFailure } from "../archive/disk.ts";
import { type LeftOut, fileLeftOut, folderLeftOut } from "./left-out.ts";
import { type Problems, type Source, sourceOf } from "./source.ts";
import { statOf } from "./stat.ts";

export interface FolderWalk {
  readonly problems: Problems;
  readonly leftOut: LeftOut[];
  /** Whether the user asked for this by name, although it looks like a secret or rubbish. */
  readonly included: (name: string, path: string) => boolean;
}

/**
 * All files below `folder` (absolute), as they land below `at` in the archive. Links are followed as
 * torch-model-archiver does, but only inside of the folder; hidden folders, secrets and rubbish stay out.
 */
export function folderSources(folder: string, shown: string, at: string, walk: FolderWalk): Source[] {
  const root = realpathSync(folder);
  const visit = (path: string, below: string, ancestors: readonly string[]): Source[] =>
    listing(path)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((item) => take(item, path, below, ancestors));
  const take = (item: Dirent, path: string, below: string, ancestors: readonly string[]): Source[] => {
    const full = join(path, item.name);
    const inside = below + item.name;
    const from = join(shown, ...inside.split("/"));
    const link = item.isSymbolicLink();
    const real = link ? realPath(full) : full;
    if (real !== null && link && leaves(root, real)) {
      walk.problems.linksOutside.push(`${from} leads to ${real}`);
      return [];
    }
    const stats = real === null ? undefined : statOf(real);
    if (real === null || stats === undefined) {
      walk.problems.missing.push(`${from} (${link ? "a link to nothing" : "a name that is no UTF-8?"})`);
      return [];
    }
    const reason = stats.isDirectory() ? folderLeftOut(item.name) : fileLeftOut(item.name, real);
    if (reason !== null && !walk.included(item.name, inside)) {
      walk.leftOut.push({ from, reason });
      return [];
    }
    if (stats.isFile()) return [sourceOf(at + inside, from, real, stats)];
    if (!stats.isDirectory()) {
      walk.leftOut.push({ from, reason: "neither file nor folder" });
      return [];
    }
    const target = link ? real : realpathSync(full);
    if (ancestors.includes(target)) {
      walk.leftOut.push({ from, reason: "a link to a folder that it lies in" });
      return [];
    }
    return visit(real, `${inside}/`, [...ancestors, target]);
  };
  return visit(folder, "", [root]);
}

function listing(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    throw diskFailure(error, path);
  }
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

export function leaves(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === ".." || way.startsWith(`..${sep}`) || /^([a-z]:|[/\\])/i.test(way);
}
