import { type Disk, type DiskFile, nodeDisk } from "../../../src/archive/disk.ts";
import { ArchiverError } from "../../../src/errors.ts";

export interface BrokenDisk extends Disk {
  /** Calls so far of what may fail. */
  readonly calls: () => number;
  /** Files that were opened and are not closed. */
  readonly leaked: () => number;
}

/** The real disk, whose nth call that reads or writes fails as a full disk does. */
export function brokenDisk(failAt: number): BrokenDisk {
  let calls = 0;
  let openFiles = 0;
  const gate = (): void => {
    calls += 1;
    if (calls === failAt) throw new ArchiverError("no-space", `planned failure of call ${failAt}`);
  };
  const wrap = (file: DiskFile): DiskFile => {
    openFiles += 1;
    return {
      size: async () => (gate(), file.size()),
      read: async (buffer, position) => (gate(), file.read(buffer, position)),
      write: async (bytes, position) => (gate(), file.write(bytes, position)),
      truncate: async (size) => (gate(), file.truncate(size)),
      sync: async () => (gate(), file.sync()),
      close: async () => {
        openFiles -= 1;
        await file.close();
      },
    };
  };
  return {
    ...nodeDisk,
    open: async (path) => (gate(), wrap(await nodeDisk.open(path))),
    readSmall: (path, size) => (gate(), nodeDisk.readSmall(path, size)),
    create: async (path, mode) => (gate(), wrap(await nodeDisk.create(path, mode))),
    makeFolder: async (path) => (gate(), nodeDisk.makeFolder(path)),
    rename: async (from, to) => (gate(), nodeDisk.rename(from, to)),
    calls: () => calls,
    leaked: () => openFiles,
  };
}
