import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { ArchiverError } from "../errors.ts";
import type { Disk, DiskFile } from "./disk.ts";

/**
 * Writes a file beside its final place and renames it there once it is complete and on the disk, and `check` has found
 * the temporary file good. On any failure that file is removed, and what was at `path` before is still there.
 */
export async function writeAtomically<T>(
  disk: Disk,
  path: string,
  write: (file: DiskFile) => Promise<T>,
  check?: (temporary: string, result: T) => Promise<void>,
): Promise<T> {
  const temporary = temporaryName(path);
  const file = await disk
    .create(temporary, 0o644)
    .catch((error: unknown) => Promise.reject(named(error, temporary, path)));
  let result: T;
  try {
    try {
      result = await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await check?.(temporary, result);
    await disk.rename(temporary, path);
  } catch (error) {
    await disk.remove(temporary).catch(() => undefined);
    throw error;
  }
  await disk.syncFolder(dirname(path));
  return result;
}

/** A failure that speaks of the final name: nobody knows the other one. */
function named(error: unknown, temporary: string, path: string): unknown {
  if (!(error instanceof ArchiverError)) return error;
  const { code, message, remedy, cause } = error;
  return new ArchiverError(code, message.replaceAll(temporary, path), { remedy, cause });
}

/** A folder beside `path`, for what gets that name when it is complete. */
export async function temporaryFolder(disk: Disk, path: string): Promise<string> {
  const temporary = temporaryName(path);
  await disk.makeFolder(temporary).catch((error: unknown) => Promise.reject(named(error, temporary, path)));
  return temporary;
}

/** In the same folder, so that the rename stays on one file system; hidden, so that no model store serves it. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
}
