import fs from "node:fs";
import { dirname } from "node:path";
import { ArchiverError } from "../errors.ts";
import { FileCalls } from "./file-calls.ts";
import { writeFailure } from "./write-failure.ts";

/** What writers ask of a file system. Tests give one that fails at the nth call. */
export interface Disk {
  /** Opens for reading. */
  open(path: string): Promise<DiskFile>;
  /** All of a small file, up to `size` + 1 bytes. */
  readSmall(path: string, size: number): Uint8Array;
  /** Creates; fails when the path exists. `mode` is set whatever the umask. */
  create(path: string, mode: number): Promise<DiskFile>;
  makeFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or a whole folder; nothing there is no failure. */
  remove(path: string): Promise<void>;
  /** Makes a rename in this folder durable, where the platform can. */
  syncFolder(path: string): Promise<void>;
}

export interface DiskFile {
  /** Bytes. */
  size(): Promise<number>;
  /** Reads into `buffer` from `position` of the file; gives the bytes read, 0 at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** Writes all of `bytes` at `position`. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  truncate(size: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The machine's file system. Failures are ArchiverErrors that name the path. */
export const nodeDisk: Disk = {
  open: (path) => openFile(path, "r", 0),
  // Synchronous: four trips to the thread pool cost five times as much as the calls themselves.
  readSmall(path, size) {
    try {
      const fd = fs.openSync(path, "r");
      try {
        const bytes = Buffer.allocUnsafe(size + 1);
        return bytes.subarray(0, fs.readSync(fd, bytes, 0, bytes.length, 0));
      } finally {
        fs.closeSync(fd);
      }
    } catch (error) {
      throw diskFailure(error, path);
    }
  },
  create: (path, mode) => openFile(path, "wx", mode),
  async makeFolder(path) {
    await makeFolders(path).catch((error: unknown) => Promise.reject(writeFailure(error, path)));
  },
  rename: (from, to) => guard(to, renamed(from, to)),
  remove: (path) => guard(path, fs.promises.rm(path, { recursive: true, force: true })),
  async syncFolder(path) {
    // Windows cannot open a folder; some network file systems refuse to sync one. The rename stands either way.
    try {
      const folder = await fs.promises.open(path, "r");
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    } catch {
      return;
    }
  },
};

// Callbacks, not FileHandle: a third of the overhead a call, and there are thousands.
function openFile(path: string, flags: string, mode: number): Promise<DiskFile> {
  return new Promise((resolve, reject) => {
    fs.open(path, flags, mode, (error, fd) => {
      if (error) return reject((flags === "r" ? diskFailure : writeFailure)(error, path));
      if (mode === 0) return resolve(diskFile(fd, path));
      fs.fchmod(fd, mode, (failed) => (failed ? reject(diskFailure(failed, path)) : resolve(diskFile(fd, path))));
    });
  });
}

/** Bytes after which a disk is told to begin: `sync` at the end would else wait for all of it. */
const flushEvery = 64 << 20;

function diskFile(fd: number, path: string): DiskFile {
  const calls = new FileCalls(fd);
  const failed = (error: unknown): never => {
    throw diskFailure(error, path);
  };
  const call = <T>(start: (done: (error: Error | null, value?: T) => void) => void): Promise<T | undefined> =>
    new Promise((resolve, reject) => {
      start((error, value) => (error ? reject(diskFailure(error, path)) : resolve(value)));
    });
  let unflushed = 0;
  let flushing: Promise<void> | null = null;
  let flushFailure: unknown = null;
  const flush = (): void => {
    unflushed = 0;
    flushing = call((done) => fs.fdatasync(fd, done))
      .then(() => undefined)
      .catch((error: unknown) => void (flushFailure ??= error))
      .finally(() => (flushing = null));
  };
  return {
    size: async () => (await call<fs.Stats>((done) => fs.fstat(fd, done)))?.size ?? 0,
    read: (buffer, position) => calls.read(buffer, 0, position).catch(failed),
    async write(bytes, position) {
      for (let written = 0; written < bytes.length;) {
        written += await calls.write(bytes, written, position + written).catch(failed);
      }
      unflushed += bytes.length;
      if (unflushed >= flushEvery && flushing === null) flush();
    },
    truncate: async (size) => void (await call((done) => fs.ftruncate(fd, size, done))),
    async sync() {
      await flushing;
      // The kernel tells of a failed write once; a later call would find nothing wrong.
      if (flushFailure !== null) throw flushFailure;
      await call((done) => fs.fsync(fd, done));
    },
    async close() {
      await flushing;
      await call((done) => fs.close(fd, done));
    },
  };
}

/** Not mkdir's own `recursive`: it never returns where a folder cannot be made although its parent is there (/proc). */
async function makeFolders(path: string): Promise<void> {
  const isFolder = (at: string): boolean => fs.statSync(at, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (isFolder(path)) return;
  const parent = dirname(path);
  if (parent !== path && !isFolder(parent)) await makeFolders(parent);
  try {
    await fs.promises.mkdir(path);
  } catch (error) {
    // Somebody else may have been faster.
    if (!isFolder(path)) throw error;
  }
}

/** A device, a pipe or a socket; a file that were renamed to its name would take its place. */
export function isDevice(path: string): boolean {
  const stats = fs.statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && !stats.isFile() && !stats.isDirectory();
}

async function renamed(from: string, to: string): Promise<void> {
  if (isDevice(to)) throw new ArchiverError("not-a-file", `${to} is a device, not a file`);
  await fs.promises.rename(from, to);
}

async function guard<T>(path: string, work: Promise<T>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw diskFailure(error, path);
  }
}

/** Node's error code as a failure that the user can act on; anything else stays as it is. */
export function diskFailure(error: unknown, path: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
      return new ArchiverError("not-found", `${path} does not exist`, { cause: error });
    case "EACCES":
    case "EPERM":
      return new ArchiverError("unreadable", `${path} cannot be read: permission denied`, { cause: error });
    case "EEXIST":
      return new ArchiverError("already-exists", `${path} is in the way`, {
        remedy: "Choose another path.",
        cause: error,
      });
    case "EISDIR":
    case "ENOTDIR":
      return new ArchiverError("not-a-file", `${path} is not a regular file`, { cause: error });
    case "ENOSPC":
    case "EDQUOT":
      return new ArchiverError("no-space", `no space left while writing ${path}`, { cause: error });
    default:
      return error;
  }
}
