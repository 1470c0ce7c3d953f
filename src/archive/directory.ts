import { lstat, readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { Anomaly, Archive, Digests, Entry, EntryKind } from "./archive.ts";
import type { ByteSource } from "./byte-source.ts";
import { AnomalyError } from "./archive.ts";
import { blocks } from "./byte-source.ts";
import { digestLater } from "./digest-later.ts";
import { collisionAnomalies, nameAnomalies } from "./entry-path.ts";
import type { FileSource } from "./file-source.ts";
import { openFile, translated } from "./file-source.ts";
import type { Limits } from "./limits.ts";
import type { OpenSettings } from "./settings.ts";

/** An unpacked folder. Links are listed and never followed: a link to /etc/passwd is no model. */
export async function openDirectory(location: string, settings: OpenSettings): Promise<Archive> {
  const anomalies: Anomaly[] = [];
  const entries: Entry[] = [];
  const root = await rootOf(location);
  await list(root, "", entries, anomalies, settings.limits).catch((error: unknown) => {
    throw translated(error, location);
  });
  anomalies.push(...collisionAnomalies(entries));
  const open = new Map<Entry, Promise<FileSource>>();
  const source = (entry: Entry): Promise<ByteSource> => {
    const known = open.get(entry) ?? openMember(root, entry);
    open.set(entry, known);
    return known;
  };
  const size = entries.reduce((sum, entry) => sum + entry.size, 0);
  async function* stream(entry: Entry): AsyncGenerator<Uint8Array> {
    const file = await openMember(root, entry);
    try {
      yield* blocks(file);
    } finally {
      await file.close();
    }
  }
  const inPlace = (entry: Entry): Promise<FileSource> => openMember(root, entry);
  const release = async (file: ByteSource & { close?: () => Promise<void> }): Promise<void> => file.close?.();
  let digests: Promise<Digests> | undefined;
  return {
    location,
    container: "directory",
    size,
    entries,
    anomalies,
    open: source,
    stream,
    digests: (watch) =>
      (digests ??= digestLater({
        size,
        entries,
        anomalies,
        ...settings,
        open: source,
        stream,
        inPlace,
        release,
        watch,
      })),
    async close() {
      for (const file of await Promise.allSettled(open.values())) {
        if (file.status === "fulfilled") await file.value.close();
      }
      open.clear();
    },
  };
}

/** Opens a file of the folder, and nothing that a link put in its place. */
async function openMember(root: string, entry: Entry): Promise<FileSource> {
  const refuse = (message: string): AnomalyError => new AnomalyError({ rule: "archive/link", message, at: entry.path });
  if (entry.kind !== "file") throw refuse("The entry is no file.");
  const file = await openFile(join(root, entry.path));
  if (file.position?.file === join(await realpath(root), entry.path)) return file;
  await file.close();
  throw refuse("The file was replaced by a link.");
}

/** A folder that holds nothing but one folder stands for it, as TorchServe has it. */
async function rootOf(location: string): Promise<string> {
  const [only, ...more] = await readdir(location, { withFileTypes: true }).catch((error: unknown) => {
    throw translated(error, location);
  });
  const wrapped = only !== undefined && more.length === 0 && only.isDirectory() && only.name !== "MAR-INF";
  return wrapped ? join(location, only.name) : location;
}

async function list(
  root: string,
  below: string,
  entries: Entry[],
  anomalies: Anomaly[],
  limits: Limits,
): Promise<void> {
  const names = (await readdir(join(root, below))).toSorted();
  for (const name of names) {
    const path = below === "" ? name : `${below}/${name}`;
    if (entries.length >= limits.entries) {
      const message = `The folder has more than ${limits.entries} entries.`;
      anomalies.push({ rule: "archive/limits", message, at: null });
      return;
    }
    const stats = await lstat(join(root, path));
    const kind: EntryKind = stats.isFile()
      ? "file"
      : stats.isDirectory()
        ? "directory"
        : stats.isSymbolicLink()
          ? "link"
          : "special";
    anomalies.push(...nameAnomalies(path));
    report(path, kind, stats.mode, anomalies);
    if (kind === "directory") {
      await list(root, path, entries, anomalies, limits);
      continue;
    }
    const size = kind === "file" ? stats.size : 0;
    entries.push({ path, kind, size, packedSize: size, method: "stored", mode: stats.mode & 0o7777, crc32: null });
  }
}

function report(path: string, kind: EntryKind, mode: number, anomalies: Anomaly[]): void {
  if (kind === "link") anomalies.push({ rule: "archive/link", message: "A symbolic link.", at: path });
  if (kind === "special") {
    anomalies.push({ rule: "archive/special-file", message: "A device, pipe or socket.", at: path });
  }
  if (kind === "file" && (mode & 0o6000) !== 0) {
    const message = `The mode ${(mode & 0o7777).toString(8)} has a setuid or setgid bit.`;
    anomalies.push({ rule: "archive/privileged-mode", message, at: path });
  }
}
