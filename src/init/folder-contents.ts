import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { openFile, translated } from "../archive/file-source.ts";
import { modelSignature } from "../checks/model-signature.ts";
import { type ModelFormat } from "../model/model-format.ts";
import { sniffFormat } from "../model/sniff-format.ts";
import type { Signature } from "../model/signature.ts";
import { fileLeftOut, folderLeftOut } from "../pack/left-out.ts";

/** A model file of the folder, told by its content. */
export interface FoundModel {
  /** Relative to the folder. */
  readonly path: string;
  readonly format: ModelFormat;
  readonly size: number;
}

/** What a folder holds at its root and one level below. */
export interface FolderContents {
  /** As the user named it. */
  readonly folder: string;
  /** Paths relative to it, with `/`, sorted; without secrets, rubbish, hidden folders and environments. */
  readonly files: readonly string[];
  readonly models: readonly FoundModel[];
}

/** Files looked at; a folder with more is none that somebody packs whole. */
const maxFiles = 5000;
const environments = new Set(["node_modules", "venv", "env", "site-packages", "dist", "build", "test", "tests"]);
/** Never a model, whatever the first bytes say. */
const texts = /\.(py|pyc|json|ya?ml|toml|txt|md|rst|csv|cfg|ini|properties|jpe?g|png|gif|mar|zip|tar|gz|sig|pem|pub)$/i;

/** Lists the folder and looks into what may be a model. Throws ArchiverError when it cannot be read. */
export async function readFolder(folder: string, signal?: AbortSignal): Promise<FolderContents> {
  const files = (await list(folder, "")).slice(0, maxFiles);
  const models: FoundModel[] = [];
  for (const path of files) {
    signal?.throwIfAborted();
    const found = texts.test(path) ? null : await sniff(folder, path);
    if (found !== null) models.push(found);
  }
  return { folder, files, models };
}

async function list(folder: string, below: string): Promise<string[]> {
  const items = await readdir(join(folder, below), { withFileTypes: true }).catch((error: unknown) => {
    throw translated(error, join(folder, below));
  });
  const found: string[] = [];
  for (const item of items.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below + item.name;
    if (item.isFile() && fileLeftOut(item.name, join(folder, path)) === null) found.push(path);
    if (!item.isDirectory() || below !== "") continue;
    if (folderLeftOut(item.name) === null && !environments.has(item.name)) {
      found.push(...(await list(folder, `${item.name}/`)));
    }
  }
  return found;
}

async function sniff(folder: string, path: string): Promise<FoundModel | null> {
  const file = await openFile(join(folder, path));
  try {
    const format = await sniffFormat(file);
    return format === "unknown" ? null : { path, format, size: file.size };
  } finally {
    await file.close();
  }
}

/** What the model's headers tell; null where they do not. */
export async function signatureOf(folder: string, { path, format }: FoundModel): Promise<Signature | null> {
  const file = await openFile(join(folder, path));
  try {
    return await modelSignature(file, format);
  } finally {
    await file.close();
  }
}
