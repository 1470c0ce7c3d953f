import { copyFile, link, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

/** One folder with every file that a model's tensors lie in. */
export interface DataFolder {
  /** Absolute, without symbolic links; null when there are no files. */
  readonly folder: string | null;
  /** From a path as it was given to the plain name in `folder`. */
  readonly names: ReadonlyMap<string, string>;
  /** Removes what was made; the files themselves stay. */
  close(): Promise<void>;
}

/**
 * Finds the folder that holds all `files`. ONNX Runtime takes only plain names that resolve inside of one folder, so
 * symbolic links are resolved first, and files of several folders are gathered in a private one: by hard links, or by
 * copies where the file system has none (another device).
 */
export async function dataFolder(files: Iterable<string>, tmpDir = tmpdir()): Promise<DataFolder> {
  const real = new Map<string, string>();
  for (const file of new Set(files)) real.set(file, await realpath(file));
  const folders = new Set([...real.values()].map((path) => dirname(path)));
  const [folder = null, second] = folders;
  if (second === undefined) {
    return { folder, names: new Map([...real].map(([file, path]) => [file, basename(path)])), async close() {} };
  }
  return gather(real, tmpDir);
}

async function gather(real: ReadonlyMap<string, string>, tmpDir: string): Promise<DataFolder> {
  const folder = await realpath(await mkdtemp(join(tmpDir, "model-archiver-")));
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    const names = new Map<string, string>();
    for (const [file, path] of real) {
      const name = `data-${names.size}`;
      await link(path, join(folder, name)).catch(() => copyFile(path, join(folder, name)));
      names.set(file, name);
    }
    return { folder, names, close };
  } catch (error) {
    await close();
    throw error;
  }
}
