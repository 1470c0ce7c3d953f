import type { FileHandle } from "node:fs/promises";
import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { ArchiverError } from "../errors.ts";
import type { ByteSource } from "./byte-source.ts";
import { FileCalls } from "./file-calls.ts";

/** A file that stays open until `close`. */
export interface FileSource extends ByteSource {
  close(): Promise<void>;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** What the system's own error means to the user; `location` is the path as they gave it. */
export function translated(error: unknown, location: string): ArchiverError {
  const code = codeOf(error);
  if (code === "ENOENT" || code === "ENOTDIR") {
    if (location.includes("\u{fffd}")) {
      const remedy = "Rename it: names that are no UTF-8 cannot be opened.";
      return new ArchiverError("not-found", `${location} cannot be opened by its name.`, { remedy, cause: error });
    }
    return new ArchiverError("not-found", `${location} does not exist.`, { cause: error });
  }
  if (code === "EISDIR") return new ArchiverError("not-a-file", `${location} is a folder.`, { cause: error });
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new ArchiverError("no-space", `No space left to write ${location}.`, { cause: error });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new ArchiverError("unreadable", `${location} cannot be read: ${reason}`, { cause: error });
}

/** A pipe that nobody writes to is an error at once, not an endless wait. */
const readNow = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Opens a regular file for positioned reads. Throws ArchiverError `not-found`, `not-a-file` or `unreadable`. */
export async function openFile(location: string): Promise<FileSource> {
  let handle: FileHandle | undefined;
  try {
    const file = await realpath(location);
    handle = await open(file, readNow);
    const stats = await handle.stat();
    if (!stats.isFile()) throw new ArchiverError("not-a-file", `${location} is not a regular file.`);
    return fileSource(handle, file, stats.size, location);
  } catch (error) {
    await handle?.close();
    throw error instanceof ArchiverError ? error : translated(error, location);
  }
}

function fileSource(handle: FileHandle, file: string, size: number, location: string): FileSource {
  const calls = new FileCalls(handle.fd);
  const readInto = async (target: Uint8Array, offset: number): Promise<void> => {
    const { length } = target;
    if (offset < 0 || offset + length > size) {
      throw new RangeError(`bytes ${offset}..${offset + length} are outside of ${size}`);
    }
    for (let done = 0; done < length;) {
      const bytesRead = await calls
        .read(target, done, offset + done)
        .catch((error: unknown) => Promise.reject(translated(error, location)));
      if (bytesRead === 0) throw new ArchiverError("unreadable", `${location} became shorter while it was read.`);
      done += bytesRead;
    }
  };
  return {
    size,
    position: { file, offset: 0 },
    async read(offset, length) {
      if (length < 0 || offset + length > size) {
        throw new RangeError(`bytes ${offset}..${offset + length} are outside of ${size}`);
      }
      const bytes = Buffer.allocUnsafe(length);
      await readInto(bytes, offset);
      return bytes;
    },
    readInto,
    close: () => handle.close(),
  };
}
