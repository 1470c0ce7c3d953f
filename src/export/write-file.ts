import { nodeDisk } from "../archive/disk.ts";

/** Writes a text to a file that must not exist yet. */
export async function writeFile(path: string, text: string): Promise<void> {
  const file = await nodeDisk.create(path, 0o644);
  try {
    await file.write(Buffer.from(text), 0);
    await file.sync();
  } finally {
    await file.close();
  }
}
