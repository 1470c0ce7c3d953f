import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ArchiverError } from "../errors.ts";

const open = new Set<string>();
let listening = false;

function removeAll(): void {
  for (const folder of open) rmSync(folder, { recursive: true, force: true });
  open.clear();
}

/** A folder that only this user can read, for what must be unpacked to be read. */
export interface PrivateFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** Made below `parent` (the system's temporary folder when left out); gone on `remove` or when the process ends. */
export async function privateFolder(parent = tmpdir()): Promise<PrivateFolder> {
  const path = await mkdtemp(join(parent, "model-archiver-")).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    const remedy = "Set TMPDIR, or --tmp-dir where the command has it, to a folder that can be written.";
    throw new ArchiverError("unwritable", `No temporary folder can be made: ${reason}`, { remedy, cause: error });
  });
  open.add(path);
  if (!listening) process.once("exit", removeAll);
  listening = true;
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true });
      open.delete(path);
    },
  };
}
