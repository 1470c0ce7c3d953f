import { stat } from "node:fs/promises";
import { join } from "node:path";

/** The spec file's name: looked for where the user stands, and nowhere above. */
export const specFile = "model-archiver.yaml";

/** Whether there is a spec file in this folder. */
export async function hasSpec(folder: string): Promise<boolean> {
  const stats = await stat(join(folder, specFile)).catch(() => null);
  return stats?.isFile() ?? false;
}
