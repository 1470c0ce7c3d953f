import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

// Where large uploads stand, so that a killed push goes on. A location may hold a secret: for this user only.
function fileOf(key: string): { readonly folder: string; readonly file: string } {
  const state = process.env["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state");
  const folder = join(state, "model-archiver", "uploads");
  return { folder, file: join(folder, createHash("sha256").update(key).digest("hex").slice(0, 32)) };
}

/** Keeps where an upload goes on. Failing to is no failure: the next push only begins again. */
export async function rememberUpload(key: string, location: URL): Promise<void> {
  const { folder, file } = fileOf(key);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(file, location.href, { mode: 0o600 });
  } catch {
    return;
  }
}

export async function rememberedUpload(key: string): Promise<URL | null> {
  try {
    const text = await readFile(fileOf(key).file, "utf8");
    return URL.canParse(text) ? new URL(text) : null;
  } catch {
    return null;
  }
}

export async function forgetUpload(key: string): Promise<void> {
  await rm(fileOf(key).file, { force: true }).catch(() => undefined);
}
