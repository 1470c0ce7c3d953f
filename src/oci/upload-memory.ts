import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * What is kept from one push for the next, in the user's state folder: where large uploads stand, so that a killed push
 * goes on, and which repository of a host has a large blob, so that another one need not be sent it. A location may
 * hold a secret: for this user only.
 */
export type Kind = "uploads" | "blobs";

function fileOf(kind: Kind, key: string): { readonly folder: string; readonly file: string } {
  const state = process.env["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state");
  const folder = join(state, "model-archiver", kind);
  return { folder, file: join(folder, createHash("sha256").update(key).digest("hex").slice(0, 32)) };
}

/** Failing to is no failure: the next push only does more. */
export async function remember(kind: Kind, key: string, text: string): Promise<void> {
  const { folder, file } = fileOf(kind, key);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(file, text, { mode: 0o600 });
  } catch {
    return;
  }
}

export async function remembered(kind: Kind, key: string): Promise<string | null> {
  return readFile(fileOf(kind, key).file, "utf8").catch(() => null);
}

export async function forget(kind: Kind, key: string): Promise<void> {
  await rm(fileOf(kind, key).file, { force: true }).catch(() => undefined);
}
