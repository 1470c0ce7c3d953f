import { writeFile } from "node:fs/promises";
import { writeAtomically } from "./atomic-output.ts";
import { isDevice, nodeDisk } from "./disk.ts";
import { writeFailure } from "./write-failure.ts";

/** Writes a small file that has its name only when it is whole; what was there is replaced, but a device is written to. */
export async function writeWhole(path: string, content: string): Promise<void> {
  if (isDevice(path)) {
    await writeFile(path, content).catch((error: unknown) => Promise.reject(writeFailure(error, path)));
    return;
  }
  await writeAtomically(nodeDisk, path, (file) => file.write(Buffer.from(content), 0));
}
