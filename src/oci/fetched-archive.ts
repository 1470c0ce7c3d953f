import { join } from "node:path";
import type { Archive } from "../archive/archive.ts";
import { openArchive } from "../archive/open.ts";
import { privateFolder } from "../archive/private-folder.ts";
import { fetchAttachments, type Signers } from "./fetch-attachments.ts";
import { download } from "./download.ts";
import type { RegistrySettings } from "./registry.ts";
import { findArtifact } from "./remote-archive.ts";

/** Fetches an archive and what hangs on it to a private folder, which `close` removes, and opens it: a verdict needs all of it. */
export async function openFetched(
  location: string,
  settings: RegistrySettings & { readonly tmpDir?: string | undefined; readonly signers?: Signers },
): Promise<Archive> {
  const { signal, tmpDir, signers = {} } = settings;
  const found = await findArtifact(location, settings);
  const folder = await privateFolder(tmpDir);
  try {
    const last = found.plan.name?.split(/[/\\]/u).at(-1) ?? "";
    const file = join(folder.path, /^\w[\w.+-]{0,200}$/u.test(last) ? last : "archive.mar");
    await download(file, found, settings);
    await fetchAttachments(found, file, signers, settings);
    const archive = await openArchive(file, {
      ...(signal ? { signal } : {}),
      ...(tmpDir === undefined ? {} : { tmpDir }),
    });
    const close = async (): Promise<void> => {
      await archive.close();
      await folder.remove();
    };
    return { ...archive, close };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}
