import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { blocks } from "../archive/byte-source.ts";
import { diskFailure } from "../archive/disk.ts";
import { openFile } from "../archive/file-source.ts";
import { stopIfAborted } from "../archive/read-once.ts";
import { ArchiverError } from "../errors.ts";
import { digestFile } from "../sign/content.ts";
import { fileBytes, type TransferSettings } from "./blob-source.ts";
import type { FilePlan } from "./model-pack.ts";
import type { Found } from "./remote-archive.ts";

export interface DownloadOptions extends TransferSettings {
  readonly onBytes?: ((done: number, total: number) => void) | undefined;
}

/** Layers fetched at the same time. */
const lanes = 3;

/**
 * Fetches the file to `path`, several layers side by side where there are several. What an earlier one left there is
 * kept. Throws ArchiverError `bad-artifact` when the bytes are not those of the manifest's digest; then none are kept.
 */
export async function download(path: string, found: Found, options: DownloadOptions): Promise<void> {
  const { plan } = found;
  const sha256 =
    plan.segments.length > 1 ? await sideBySide(path, found, options) : await inOrder(path, found, options);
  if (sha256 === plan.sha256) return;
  await rm(path, { force: true });
  await rm(journalOf(path), { force: true });
  throw new ArchiverError("bad-artifact", "The bytes that came are not those of the manifest's digest.");
}

/** One layer: what is there is its beginning. Digested while it comes. */
async function inOrder(path: string, { store, plan }: Found, options: DownloadOptions): Promise<string> {
  const handle = await openAt(path, "a");
  try {
    const hash = createHash("sha256");
    // What layers side by side have left is no beginning.
    const leftover = (await readJournal(path, plan)) !== null;
    let done = leftover ? null : await takeUp(path, plan.size, hash);
    if (done === null) {
      await rm(journalOf(path), { force: true });
      await handle.truncate(0);
      done = 0;
    }
    options.onBytes?.(done, plan.size);
    for await (const block of fileBytes(store, plan, done, plan.size, options)) {
      hash.update(block);
      await handle.appendFile(block).catch((error: unknown) => Promise.reject(diskFailure(error, path)));
      done += block.length;
      options.onBytes?.(done, plan.size);
    }
    await handle.sync();
    return hash.digest("hex");
  } finally {
    await handle.close();
  }
}

/** Hashes what an earlier pull left; null when it is more than there can be. */
async function takeUp(path: string, size: number, hash: Hash): Promise<number | null> {
  const file = await openFile(path);
  try {
    if (file.size > size) return null;
    for await (const block of blocks(file)) hash.update(block);
    return file.size;
  } finally {
    await file.close();
  }
}

/** Several layers, each to its place; a journal beside the file says how far each has come. */
async function sideBySide(path: string, { store, plan }: Found, options: DownloadOptions): Promise<string> {
  const { segments } = plan;
  const handle = await openAt(path, "a").then(async (created) => {
    await created.close();
    return openAt(path, "r+");
  });
  const stop = new AbortController();
  const journal = new Journal(path, (await readJournal(path, plan)) ?? segments.map(() => 0));
  let next = 0;
  options.onBytes?.(journal.total, plan.size);
  const lane = async (): Promise<void> => {
    for (let index = next++; index < segments.length; index = next++) {
      const segment = segments[index];
      if (segment === undefined) return;
      let at = segment.at + (journal.done[index] ?? 0);
      const one = { ...plan, segments: [segment] };
      for await (const block of fileBytes(store, one, at, segment.at + segment.length, options)) {
        stopIfAborted(stop.signal);
        await write(handle, block, at, path);
        at += block.length;
        await journal.add(index, block.length);
        options.onBytes?.(journal.total, plan.size);
      }
    }
  };
  const running = Array.from({ length: Math.min(lanes, segments.length) }, lane);
  try {
    await Promise.all(running);
    await handle.sync();
  } finally {
    stop.abort();
    await Promise.allSettled(running);
    await journal.save();
    await handle.close();
  }
  return digestFile(path, { signal: options.signal });
}

async function openAt(path: string, flags: "a" | "r+"): Promise<FileHandle> {
  return open(path, flags, 0o644).catch((error: unknown) => Promise.reject(diskFailure(error, path)));
}

async function write(handle: FileHandle, block: Uint8Array, position: number, path: string): Promise<void> {
  let done = 0;
  while (done < block.length) {
    const { bytesWritten } = await handle
      .write(block, done, block.length - done, position + done)
      .catch((error: unknown) => Promise.reject(diskFailure(error, path)));
    done += bytesWritten;
  }
}

function journalOf(path: string): string {
  return `${path}.layers.json`;
}

/** Bytes after which the journal is written again: what a kill costs at most. */
const journalEvery = 16 << 20;

/** How many bytes of each segment are there. */
class Journal {
  readonly done: number[];
  readonly #path: string;
  #unsaved = 0;
  total: number;

  constructor(path: string, done: readonly number[]) {
    this.#path = path;
    this.done = [...done];
    this.total = done.reduce((sum, one) => sum + one, 0);
  }

  async add(index: number, count: number): Promise<void> {
    this.done[index] = (this.done[index] ?? 0) + count;
    this.total += count;
    this.#unsaved += count;
    if (this.#unsaved < journalEvery) return;
    this.#unsaved = 0;
    await this.save();
  }

  /** Whole, whenever the process ends. Failing to is no failure: the next pull only fetches more. */
  async save(): Promise<void> {
    const file = journalOf(this.#path);
    const temporary = `${file}.${this.total}`;
    try {
      await writeFile(temporary, JSON.stringify(this.done));
      await rename(temporary, file);
    } catch {
      await rm(temporary, { force: true });
    }
  }
}

/** What an earlier pull wrote down; null when there is nothing that can be right. */
async function readJournal(path: string, { segments, size }: FilePlan): Promise<readonly number[] | null> {
  try {
    const done: unknown = JSON.parse(await readFile(journalOf(path), "utf8"));
    if (!Array.isArray(done)) return null;
    const counts = done.filter((one) => typeof one === "number");
    if (counts.length !== segments.length) return segments.map(() => 0);
    const file = await openFile(path);
    await file.close();
    const fits = segments.every(({ at, length }, index) => {
      const count = counts[index] ?? -1;
      return count >= 0 && count <= length && (count === 0 || at + count <= Math.min(file.size, size));
    });
    return fits ? counts : segments.map(() => 0);
  } catch {
    return null;
  }
}
