import { lstatSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, normalize, relative, resolve, sep } from "node:path";
import { type FolderWalk, folderSources, leaves } from "./folder.ts";
import { isWildcard } from "../archive/wildcard.ts";
import { globPaths } from "./glob.ts";
import { type Source, baseName, sourceOf } from "./source.ts";
import { statOf } from "./stat.ts";

export interface ExtraOptions extends FolderWalk {
  readonly cwd: string;
  readonly keepDirectories: boolean;
  readonly warnings: string[];
}

/**
 * What `--extra-files` names, by torch-model-archiver's rules: a list with commas; wildcards as Python's glob; files to
 * the root by their base name; of a folder the contents. And ours: `name-in-archive=path`.
 */
export function extraFiles(lists: readonly string[], options: ExtraOptions): Source[] {
  return lists.flatMap((list) => list.split(",")).flatMap((piece) => takePiece(piece, options));
}

function takePiece(typed: string, options: ExtraOptions): Source[] {
  const exists = (path: string): boolean => statOf(resolve(options.cwd, path)) !== undefined;
  const trimmed = typed.trim();
  if (trimmed === "") return [];
  const piece = exists(typed) && !exists(trimmed) ? typed : trimmed;
  const equals = exists(piece) ? -1 : piece.indexOf("=");
  const target = equals > 0 ? piece.slice(0, equals).trim() : null;
  const pattern = equals > 0 ? piece.slice(equals + 1).trim() : piece;
  if (target !== null && !plainTarget(target)) {
    options.problems.names.push(`${target} of --extra-files ${piece}`);
    return [];
  }
  const wildcard = isWildcard(pattern);
  const paths = wildcard ? globPaths(pattern, options.cwd) : exists(pattern) ? [pattern] : [];
  if (paths.length === 0 && wildcard) options.warnings.push(`the wildcard ${pattern} matches no file`);
  if (paths.length === 0 && !wildcard) options.problems.missing.push(`--extra-files ${pattern}`);
  return paths.flatMap((path) => takePath(path, target, wildcard, options));
}

function takePath(path: string, target: string | null, swept: boolean, options: ExtraOptions): Source[] {
  const file = resolve(options.cwd, path);
  const stats = statOf(file);
  if (stats === undefined) {
    options.problems.missing.push(`--extra-files ${path}`);
    return [];
  }
  if (swept && lstatSync(file).isSymbolicLink() && leaves(realpathSync(dirname(file)), realpathSync(file))) {
    options.problems.linksOutside.push(`${path} leads to ${realpathSync(file)}`);
    return [];
  }
  const kept = options.keepDirectories ? keptPath(path, options.cwd) : null;
  if (stats.isDirectory()) {
    const at = target !== null ? `${target.replace(/\/+$/, "")}/` : kept === null || kept === "" ? "" : `${kept}/`;
    return folderSources(file, path, at, options);
  }
  if (!stats.isFile()) {
    options.problems.folders.push(`--extra-files ${path}`);
    return [];
  }
  const below = target !== null && (swept || target.endsWith("/"));
  const at = below ? `${target.replace(/\/+$/, "")}/${baseName(path)}` : (target ?? kept ?? baseName(path));
  return [sourceOf(at, path, file, stats)];
}

/** The path below the current folder; from elsewhere only the last name, since `..` has no place in an archive. */
function keptPath(path: string, cwd: string): string {
  const way = normalize(relative(cwd, resolve(cwd, path)));
  if (way === ".") return "";
  const outside = isAbsolute(way) || way === ".." || way.startsWith(`..${sep}`);
  return outside ? baseName(path.replace(/[/\\]+$/, "")) : way.split(sep).join("/");
}

function plainTarget(target: string): boolean {
  const segments = target.replace(/\/$/, "").split("/");
  return !segments.some((each) => each === "" || each === "." || each === "..") && !/[\\:]/.test(target);
}
