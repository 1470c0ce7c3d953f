import { availableParallelism } from "node:os";
import type { Archive } from "../archive/archive.ts";
import { openFile } from "../archive/file-source.ts";
import { blocks } from "../archive/byte-source.ts";
import { ArchiverError } from "../errors.ts";
import type { Report, Unreadable } from "./report.ts";
import { verify, type VerifyOptions } from "./verify.ts";

export interface VerifyAllOptions extends VerifyOptions {
  readonly open?: (path: string) => Promise<Archive>;
  /** Called as each path is done, in the order they finish. */
  readonly onReport?: (report: Report | Unreadable) => void;
  readonly signal?: AbortSignal;
}

/** Judges several paths at once, as many as there are cores. One report a path, in the order of the paths. */
export async function verifyAll(
  paths: readonly string[],
  options: VerifyAllOptions = {},
): Promise<(Report | Unreadable)[]> {
  const reports: (Report | Unreadable)[] = [];
  let next = 0;
  const work = async () => {
    for (let at = next++; at < paths.length; at = next++) {
      options.signal?.throwIfAborted();
      const report = await verifyPath(paths[at] ?? "", options);
      reports[at] = report;
      options.onReport?.(report);
    }
  };
  const lanes = Math.min(paths.length, availableParallelism());
  await Promise.all(Array.from({ length: lanes }, work));
  return reports;
}

async function verifyPath(path: string, options: VerifyAllOptions): Promise<Report | Unreadable> {
  try {
    const archive = await (options.open ?? openArchive)(path);
    try {
      return await verify(archive, options);
    } finally {
      await archive.close();
    }
  } catch (error) {
    if (!(error instanceof ArchiverError) || error.code === "interrupted") throw error;
    const { code, message, remedy } = error;
    return { path, verdict: null, error: { code, message, remedy } };
  }
}

// Until src/archive/open.ts is there.
async function openArchive(location: string): Promise<Archive> {
  const source = await openFile(location);
  return {
    location,
    container: "bare",
    size: source.size,
    entries: [
      {
        path: location.split("/").at(-1) ?? "",
        kind: "file",
        size: source.size,
        packedSize: source.size,
        method: "stored",
        mode: null,
        crc32: null,
      },
    ],
    anomalies: [],
    open: async () => source,
    stream: () => blocks(source),
    close: () => source.close(),
  };
}
