import { createHash } from "node:crypto";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { blocks } from "../archive/byte-source.ts";
import { diskFailure } from "../archive/disk.ts";
import { openFile } from "../archive/file-source.ts";
import { openArchive } from "../archive/open.ts";
import { ArchiverError } from "../errors.ts";
import { inspect } from "../inspect/inspect.ts";
import { attachmentKinds, type AttachmentKind, attachmentSuffixes } from "./attachment.ts";
import type { Signers } from "./fetch-attachments.ts";
import { artifactReference, readModelStore, type StoredArchive, writeModelStore } from "./model-store.ts";
import { openStore } from "./open-store.ts";
import { judge, pull } from "./pull.ts";
import { push } from "./push.ts";
import { isFileName, parseReference, type Reference } from "./reference.ts";
import type { RegistrySettings } from "./registry.ts";

export interface SyncOptions extends Omit<RegistrySettings, "push"> {
  /** Upwards: a layer for each stored entry, so that a changed handler does not send the weights again. */
  readonly unpacked?: boolean;
  /** Archives that the other side does not have go: from the list upwards, from the folder downwards. */
  readonly delete?: boolean;
  /** Downwards: who must have signed each archive. */
  readonly signers?: Signers;
  readonly onBytes?: (done: number, total: number) => void;
}

export interface SyncedArchive {
  readonly file: string;
  readonly reference: string;
  readonly state: "sent" | "fetched" | "unchanged" | "removed" | "refused";
  /** Bytes. */
  readonly size: number;
  /** Why it was refused, in one sentence; null otherwise. */
  readonly reason: string | null;
}

export interface Synced {
  readonly direction: "up" | "down";
  readonly folder: string;
  readonly reference: string;
  /** Digest of the list: `…@DIGEST` is this very state of the store. */
  readonly digest: string;
  readonly archives: readonly SyncedArchive[];
  /** Bytes that went over the network. */
  readonly moved: number;
}

/** Archives on their way at the same time; each has lanes of its own for its layers. */
const lanes = 3;
const archiveName = /\.(?:mar|tar\.gz)$/iu;

/**
 * Puts every archive of a folder into a registry, each below `target` by its model's name and version, and then their
 * list, which never names what is not there. Throws ArchiverError.
 */
export async function syncUp(folder: string, target: string, options: SyncOptions): Promise<Synced> {
  const reference = parseReference(target);
  if (reference.name.startsWith("sha256:")) throw new ArchiverError("usage", `${target}: sync upwards needs a tag`);
  const store = openStore(reference, { ...options, push: true });
  const known = (await readModelStore(store, reference, options))?.archives ?? [];
  const planned = await plannedArchives(folder, options.signal);
  const total = planned.reduce((sum, { size }) => sum + size, 0);
  const progress = progressOf(total, options);
  let moved = 0;
  const rows = await inLanes(planned, reference, options, async (archive, settings) => {
    const { file, repository, tag, size } = archive;
    const place = artifactReference(reference, { repository, tag });
    const pushed = await push(join(folder, file), place, { ...settings, onBytes: progress(file) });
    moved += pushed.sent;
    const before = known.find((one) => one.file === file);
    const state = pushed.sent === 0 && before?.digest === pushed.digest ? "unchanged" : "sent";
    const stored: StoredArchive = { file, repository, tag, digest: pushed.digest, sha256: pushed.sha256, size };
    return { stored, row: { file, reference: place, state, size, reason: null } as const };
  });
  const here = new Set(planned.map(({ file }) => file));
  const others = known.filter(({ file }) => !here.has(file));
  const kept = options.delete === true ? [] : others;
  const removed = options.delete === true ? others.map((one) => removedRow(one, reference)) : [];
  const digest = await writeModelStore(store, reference, [...rows.map(({ stored }) => stored), ...kept]);
  const archives = [...rows.map(({ row }) => row), ...removed];
  return { direction: "up", folder, reference: target, digest, archives, moved };
}

/** Brings a folder to what the list at `source` says. An archive gets its name only when everything about it is right. */
export async function syncDown(source: string, folder: string, options: SyncOptions): Promise<Synced> {
  const reference = parseReference(source);
  const store = openStore(reference, options);
  const found = await readModelStore(store, reference, options);
  if (found === null) throw new ArchiverError("no-such-artifact", `${source} is not there.`);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => Promise.reject(diskFailure(error, folder)));
  const total = found.archives.reduce((sum, { size }) => sum + size, 0);
  const progress = progressOf(total, options);
  let moved = 0;
  const archives = await inLanes(
    found.archives,
    reference,
    options,
    async (archive, settings): Promise<SyncedArchive> => {
      const { file, size } = archive;
      const place = artifactReference(reference, archive);
      const row = { file, reference: place, size };
      const onBytes = progress(file);
      if (await isCurrent(join(folder, file), archive, settings)) {
        onBytes(size);
        return { ...row, state: "unchanged", reason: null };
      }
      const pulled = await pull(place, { ...settings, output: join(folder, file), force: true, onBytes });
      moved += size;
      return { ...row, state: pulled.refused === null ? "fetched" : "refused", reason: pulled.refused };
    },
  );
  const listed = new Set(found.archives.map(({ file }) => file));
  const removed = options.delete === true ? await removeOthers(folder, listed) : [];
  return {
    direction: "down",
    folder,
    reference: source,
    digest: found.digest,
    archives: [...archives, ...removed],
    moved,
  };
}

interface PlannedArchive {
  readonly file: string;
  readonly repository: string;
  readonly tag: string;
  readonly size: number;
}

/** Every archive of the folder with its place. Throws ArchiverError `usage` when two would have the same. */
async function plannedArchives(folder: string, signal: AbortSignal | undefined): Promise<readonly PlannedArchive[]> {
  const names = await readdir(folder).catch((error: unknown) => Promise.reject(diskFailure(error, folder)));
  const planned: PlannedArchive[] = [];
  const taken = new Map<string, string>();
  for (const file of names.filter((name) => archiveName.test(name) && isFileName(name)).toSorted()) {
    const path = join(folder, file);
    const facts = await stat(path).catch((error: unknown) => Promise.reject(diskFailure(error, path)));
    if (!facts.isFile()) continue;
    const { repository, tag } = await placeOf(path, signal);
    const other = taken.get(`${repository}:${tag}`);
    if (other !== undefined) {
      const remedy = "Give one of them another version, or take it out of the folder.";
      throw new ArchiverError("usage", `${other} and ${file} would both be ${repository}:${tag}.`, { remedy });
    }
    taken.set(`${repository}:${tag}`, file);
    planned.push({ file, repository, tag, size: facts.size });
  }
  if (planned.length === 0) throw new ArchiverError("usage", `${folder} has no .mar or .tar.gz files.`);
  return planned;
}

/** By the manifest: names of models and versions in the letters that registries take. */
async function placeOf(path: string, signal: AbortSignal | undefined): Promise<{ repository: string; tag: string }> {
  const archive = await openArchive(path, signal ? { signal } : {});
  try {
    const model = (await inspect(archive)).manifest?.model;
    if (model?.modelName === undefined) {
      const remedy = `Look at it with: model-archiver inspect ${path}`;
      throw new ArchiverError("no-manifest", `${path} has no manifest that names a model`, { remedy });
    }
    const repository = model.modelName
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/gu, "-")
      .replaceAll(/^-+|-+$/gu, "");
    const tag = (model.modelVersion ?? "")
      .replaceAll(/[^\w.-]+/gu, "-")
      .replace(/^[.-]+/u, "")
      .slice(0, 128);
    return { repository: repository || "model", tag: tag || "latest" };
  } finally {
    await archive.close();
  }
}

/** A layout's index is one file that each push writes anew: one after the other there. */
async function inLanes<Item, Result>(
  items: readonly Item[],
  reference: Reference,
  options: SyncOptions,
  work: (item: Item, options: SyncOptions) => Promise<Result>,
): Promise<readonly Result[]> {
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const results: Result[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) {
      const item = items[at];
      if (item !== undefined) results[at] = await work(item, { ...options, signal });
    }
  };
  const running = Array.from({ length: reference.kind === "layout" ? 1 : Math.min(lanes, items.length) }, lane);
  try {
    await Promise.all(running);
  } catch (error) {
    // When one fails for good the others stop, too.
    next = items.length;
    stop.abort();
    await Promise.allSettled(running);
    throw error;
  }
  return results;
}

/** Adds up what the transfers of single archives report. */
function progressOf(total: number, { onBytes }: SyncOptions): (file: string) => (done: number) => void {
  const done = new Map<string, number>();
  return (file) => (count) => {
    done.set(file, count);
    onBytes?.(
      [...done.values()].reduce((sum, one) => sum + one, 0),
      total,
    );
  };
}

/** Whether the file is there as it must be; one that must be signed is judged again by what lies beside it. */
async function isCurrent(path: string, { sha256, size }: StoredArchive, options: SyncOptions): Promise<boolean> {
  if ((await digestOfFile(path, size)) !== sha256) return false;
  const { signers = {} } = options;
  if (Object.values(signers).every((signer) => signer === undefined)) return true;
  const kinds: AttachmentKind[] = [];
  for (const kind of attachmentKinds) {
    if ((await stat(`${path}${attachmentSuffixes[kind]}`).catch(() => null)) !== null) kinds.push(kind);
  }
  return (await judge(path, sha256, kinds, options)) === null;
}

/** SHA-256 of a file of this size; null for any other, and for none. */
async function digestOfFile(path: string, size: number): Promise<string | null> {
  if ((await stat(path).catch(() => null))?.size !== size) return null;
  const file = await openFile(path);
  try {
    const hash = createHash("sha256");
    for await (const block of blocks(file)) hash.update(block);
    return hash.digest("hex");
  } finally {
    await file.close();
  }
}

async function removeOthers(folder: string, listed: ReadonlySet<string>): Promise<readonly SyncedArchive[]> {
  const removed: SyncedArchive[] = [];
  for (const file of (await readdir(folder)).toSorted()) {
    if (!archiveName.test(file) || listed.has(file)) continue;
    const path = join(folder, file);
    const facts = await stat(path).catch(() => null);
    if (!facts?.isFile()) continue;
    for (const suffix of Object.values(attachmentSuffixes)) await rm(`${path}${suffix}`, { force: true });
    await rm(path);
    removed.push({ file, reference: "", state: "removed", size: facts.size, reason: null });
  }
  return removed;
}

function removedRow(archive: StoredArchive, store: Reference): SyncedArchive {
  const { file, size } = archive;
  return { file, reference: artifactReference(store, archive), state: "removed", size, reason: null };
}
