import { writeAtomically } from "../archive/atomic-output.ts";
import { nodeDisk } from "../archive/disk.ts";

/** Writes a text to a file that has its name only when it is whole; what was there is replaced. */
export async function writeText(path: string, text: string): Promise<void> {
  await writeAtomically(nodeDisk, path, (file) => file.write(Buffer.from(text), 0));
}
