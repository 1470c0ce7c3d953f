import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { diskFailure } from "../archive/disk.ts";
import type { Advice } from "./advice.ts";

const blockSize = 1 << 22;
const readAtMost = 256 * 2 ** 20;
/** Below this a 1 GB model takes over ten seconds to start. */
const slow = 100e6;

/** Reads the largest file of the model store once, up to 256 MiB. A file in the page cache reads faster than the disk. */
export async function adviseOnModelStore(folder: string): Promise<Advice> {
  const row = {
    id: "model-store",
    title: "Model store",
    why: "A worker's cold start reads the whole model from here.",
  };
  const file = await largestFile(folder);
  if (file === null)
    return { ...row, value: `no file in ${folder}`, level: "note", remedy: "Put a model there and look again." };
  const { bytes, seconds } = await readFileOnce(file);
  const rate = bytes / Math.max(seconds, 1e-6);
  const value = `${Math.round(rate / 1e6)} MB/s (${Math.round(bytes / 1e6)} MB read)`;
  const remedy = "Keep the model store on a local SSD, not on a network file system.";
  return rate < slow ? { ...row, value, level: "warning", remedy } : { ...row, value, level: "ok", remedy: null };
}

async function largestFile(folder: string): Promise<string | null> {
  let largest: { path: string; size: number } | null = null;
  const items = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw diskFailure(error, folder);
  });
  for (const item of items) {
    if (!item.isFile()) continue;
    const path = join(folder, item.name);
    const { size } = await stat(path);
    if (size > (largest?.size ?? 0)) largest = { path, size };
  }
  return largest?.path ?? null;
}

async function readFileOnce(path: string): Promise<{ bytes: number; seconds: number }> {
  const file = await open(path).catch((error: unknown) => Promise.reject(diskFailure(error, path)));
  try {
    const block = Buffer.allocUnsafe(blockSize);
    const started = performance.now();
    let bytes = 0;
    while (bytes < readAtMost) {
      const { bytesRead } = await file.read(block, 0, blockSize, null);
      if (bytesRead === 0) break;
      bytes += bytesRead;
    }
    return { bytes, seconds: (performance.now() - started) / 1000 };
  } finally {
    await file.close();
  }
}
