import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * The absolute path of a file that the package carries beside its code (`data/…`, `handlers/…`): one folder up from
 * here in the source tree, two or three from the bundle. Throws when it is missing.
 */
export function packageFile(path: string): string {
  for (const up of ["../", "../../", "../../../"]) {
    const file = fileURLToPath(new URL(`${up}${path}`, import.meta.url));
    if (existsSync(file)) return file;
  }
  throw new Error(`${path} is missing from the package`);
}
