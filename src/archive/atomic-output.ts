import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
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
  const file = await disk.create(temporary, 0o644);
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

/** In the same folder, so that the rename stays on one file system; hidden, so that no model store serves it. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
}
