import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import type { Archive } from "../archive/archive.ts";
import type { Limits } from "../archive/limits.ts";
import { openArchive } from "../archive/open.ts";
import { ArchiverError } from "../errors.ts";
import type { Report, Unreadable } from "./report.ts";
import { enginePool, type Verified, type VerifyOptions, verifyWithFacts } from "./verify.ts";

/** Called as each path is done, in the order they finish, with its place among the paths. */
export type OnReport = (report: Report | Unreadable, at: number) => void;

export interface VerifyAllOptions extends VerifyOptions {
  readonly open?: (path: string) => Promise<Archive>;
  /** Raises single limits of what an archive may cost. */
  readonly limits?: Partial<Limits>;
  readonly onReport?: OnReport | undefined;
  /** Called with an error that is a bug of ours; without it, it is thrown. The other paths are judged all the same. */
  readonly onBug?: (path: string, error: unknown) => void;
}

const reportBugs = "Please report it with the command line and the text on stderr.";

/** Judges several paths at once, as many as there are cores. One result a path, in the order of the paths. */
export async function verifyAll(
  paths: readonly string[],
  options: VerifyAllOptions = {},
): Promise<(Verified | Unreadable)[]> {
  const pool = options.pool ?? enginePool(options);
  const served = options.engine === "torchserve";
  if (!options.pool && !options.static && !served) pool.warm();
  // What is measured must not share the machine with its neighbours in the list, and one server fills it.
  const lanes = options.slo?.length || served ? 1 : Math.min(paths.length, availableParallelism());
  const threads = options.threads ?? (lanes > 1 ? Math.max(1, Math.floor(availableParallelism() / lanes)) : 0);
  const results: (Verified | Unreadable)[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < paths.length; at = next++) {
      options.signal?.throwIfAborted();
      const done = await verifyPath(paths[at] ?? "", { ...options, pool, threads });
      // An engine that was stopped looks like one that crashed.
      options.signal?.throwIfAborted();
      results[at] = done;
      options.onReport?.("report" in done ? done.report : done, at);
    }
  };
  try {
    await Promise.all(Array.from({ length: lanes }, lane));
  } finally {
    if (!options.pool) pool.close();
  }
  return results;
}

async function verifyPath(path: string, options: VerifyAllOptions): Promise<Verified | Unreadable> {
  try {
    const archive = await (options.open ?? opener(options))(path);
    try {
      const verified = await verifyWithFacts(archive, options);
      return { ...verified, report: { ...verified.report, path } };
    } finally {
      await archive.close();
    }
  } catch (error) {
    if (options.signal?.aborted) throw error;
    if (error instanceof ArchiverError) {
      const { code, message, remedy } = error;
      return { path, verdict: null, error: { code, message, remedy } };
    }
    if (!options.onBug) throw error;
    options.onBug(path, error);
    return { path, verdict: null, error: { code: "bug", message: String(error), remedy: reportBugs } };
  }
}

/** Opens paths as `verifyAll` does when nothing else is said. */
export function opener({ project, signal, tmpDir, limits = {} }: VerifyAllOptions): (path: string) => Promise<Archive> {
  const options = { whole: true, limits, ...(signal ? { signal } : {}), ...(tmpDir === undefined ? {} : { tmpDir }) };
  const from = project ?? process.cwd();
  const isHere = resolve(from) === process.cwd();
  return (path) => openArchive(isHere || /^[a-z]+:\/\//i.test(path) ? path : resolve(from, path), options);
}
