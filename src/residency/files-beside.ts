import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { translated } from "../archive/file-source.ts";
import type { AuditedFile } from "./audit.ts";

const deployment =
  /^((Dockerfile|Containerfile)[^/]*|[^/]*\.dockerfile|(docker-)?compose[^/]*\.ya?ml|config\.properties)$/i;
const largest = 512 * 1024;

/** Docker and compose files in the folders of these archives. A folder that cannot be listed has none. */
export async function filesBeside(archives: readonly string[]): Promise<AuditedFile[]> {
  const folders = new Set(archives.filter((path) => !/^[a-z][a-z0-9+.-]+:/i.test(path)).map((path) => dirname(path)));
  const files: AuditedFile[] = [];
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((each) => deployment.test(each)).toSorted()) {
      const path = join(folder, name);
      // A link that leads nowhere, or a folder of that name, is no file to read.
      const stats = await stat(path).catch(() => null);
      if (!stats?.isFile() || stats.size > largest) continue;
      files.push({ path: relative(".", path), bytes: await read(path) });
    }
  }
  return files;
}

function read(path: string): Promise<Uint8Array> {
  return readFile(path).catch((error: unknown) => Promise.reject(translated(error, path)));
}
