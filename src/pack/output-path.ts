import { resolve } from "node:path";
import type { ArchiveFormat, Recipe } from "./recipe.ts";

const suffixes: Readonly<Record<ArchiveFormat, string>> = {
  default: ".mar",
  "zip-store": ".mar",
  tgz: ".tar.gz",
  "no-archive": "",
};

/** Absolute path of what is packed under this name: a file, or a folder for `no-archive`. */
export function outputPath(
  modelName: string,
  { exportPath = "", archiveFormat = "default" }: Pick<Recipe, "exportPath" | "archiveFormat">,
  cwd: string,
): string {
  return resolve(cwd, exportPath, `${modelName}${suffixes[archiveFormat]}`);
}
