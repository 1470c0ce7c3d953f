import { resolve } from "node:path";
import type { Command } from "commander";
import { handlerFile } from "../pack/handler.ts";
import { isOwnHandler } from "../pack/own-handlers.ts";
import { statOf } from "../pack/stat.ts";
import type { LoadedSpec } from "../spec/read-spec.ts";
import { recipeOf } from "../spec/spec-recipe.ts";
import type { ArchiveCommandFlags } from "./commands/archive.ts";

/** What `archive` takes from a spec. */
export function archiveValues({ path, folder, value }: LoadedSpec): Partial<ArchiveCommandFlags> {
  const { convert, input } = value.model ?? {};
  return { ...recipeOf(value), convert, input, specFolder: folder, specPath: path };
}

/**
 * Where the spec lies elsewhere, its folder is the one that paths start from: an archive is the same wherever it is
 * packed from. Paths of the command line start where the user stands all the same.
 */
export function rebaseFlags(command: Command, cwd: string): void {
  const flags: ArchiveCommandFlags = command.opts();
  const { handler, runtime = "python" } = flags;
  const at = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(cwd, path));
  const absolute: Partial<ArchiveCommandFlags> = {
    serializedFile: at(flags.serializedFile),
    modelFile: at(flags.modelFile),
    requirementsFile: at(flags.requirementsFile),
    configFile: at(flags.configFile),
    exportPath: at(flags.exportPath),
    from: at(flags.from),
    sample: flags.sample?.map((sample) => (typeof sample === "string" ? resolve(cwd, sample) : sample)),
    extraFiles: flags.extraFiles?.map((list) =>
      list
        .split(",")
        .map((piece) => extraAt(piece, cwd))
        .join(","),
    ),
    handler:
      handler === undefined || isOwnHandler(handler, runtime, cwd) || handlerFile(handler, runtime, cwd) === null
        ? handler
        : resolve(cwd, handler),
  };
  for (const [key, value] of Object.entries(absolute))
    if (value !== undefined) command.setOptionValueWithSource(key, value, "cli");
}

/** `path`, or `name-in-archive=path`. */
function extraAt(typed: string, cwd: string): string {
  const piece = typed.trim();
  const equals = statOf(resolve(cwd, piece)) === undefined ? piece.indexOf("=") : -1;
  return piece.slice(0, equals + 1) + resolve(cwd, piece.slice(equals + 1));
}
