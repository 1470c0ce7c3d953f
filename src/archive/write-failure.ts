import { dirname } from "node:path";
import { ArchiverError } from "../errors.ts";

/** What the system says when something cannot be written, as a failure that the user can act on. */
export function writeFailure(error: unknown, path: string): ArchiverError {
  if (error instanceof ArchiverError) return error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const failure = (name: "unwritable" | "no-space" | "not-a-file" | "not-found", message: string): ArchiverError =>
    new ArchiverError(name, message, { cause: error });
  switch (code) {
    case "ENOENT":
      return failure("not-found", `${path} cannot be written: there is no folder ${dirname(path)}`);
    case "ENOTDIR":
    case "EEXIST":
      return failure("not-a-file", `${path} cannot be written: a file is in the way`);
    case "EISDIR":
      return failure("not-a-file", `${path} cannot be written: it is a folder`);
    case "EACCES":
    case "EPERM":
      return failure("unwritable", `${path} cannot be written: permission denied`);
    case "EROFS":
      return failure("unwritable", `${path} cannot be written: the file system is read-only`);
    case "ENOSPC":
    case "EDQUOT":
      return failure("no-space", `no space left while writing ${path}`);
    default:
      return failure(
        "unwritable",
        `${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      );
  }
}
