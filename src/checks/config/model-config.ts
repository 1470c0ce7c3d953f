import type { Subject } from "../subject.ts";

/** Bytes of the largest model-config.yaml that is read. */
const configLimit = 256 * 1024;

/** Path and text of the file that the manifest names; null when there is none. `text` is null when it is no text. */
export async function modelConfig(
  subject: Subject,
): Promise<{ readonly path: string; readonly text: string | null } | null> {
  const path = (await subject.manifest())?.manifest?.model.configFile;
  if (path === undefined || subject.entry(path)?.kind !== "file") return null;
  return { path, text: await subject.text(path, configLimit) };
}
