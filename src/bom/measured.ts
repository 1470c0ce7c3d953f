import { readFile } from "node:fs/promises";
import { diskFailure } from "../archive/disk.ts";
import { ArchiverError } from "../errors.ts";
import type { BomOptions } from "./bom.ts";

/** The times in a document of `verify --json`. Throws ArchiverError `usage` where there are none. */
export async function measuredIn(path: string): Promise<NonNullable<BomOptions["measured"]>> {
  const text = await readFile(path, "utf8").catch((error: unknown) => Promise.reject(diskFailure(error, path)));
  const none = (): ArchiverError => new ArchiverError("usage", `${path} holds no run of a model by verify --json`);
  try {
    const document: { reports?: { inference?: { engine?: unknown; loadMs?: unknown; runMs?: unknown } }[] } =
      JSON.parse(text);
    const { engine, loadMs, runMs } = document.reports?.[0]?.inference ?? {};
    if (typeof engine === "string" && typeof loadMs === "number" && typeof runMs === "number") {
      return { engine, loadMs, runMs };
    }
  } catch {
    throw none();
  }
  throw none();
}
