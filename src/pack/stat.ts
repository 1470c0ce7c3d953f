import { type Stats, statSync } from "node:fs";
import { diskFailure } from "../archive/disk.ts";

/** What the path leads to; undefined when it leads nowhere. Throws ArchiverError when nobody may look. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP" || code === "ENAMETOOLONG") return undefined;
    throw diskFailure(error, path);
  }
}
