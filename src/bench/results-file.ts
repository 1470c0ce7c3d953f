import { readFile, rename, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { translated } from "../archive/file-source.ts";
import { writeFailure } from "../archive/write-failure.ts";
import { ArchiverError } from "../errors.ts";
import type { BenchResult } from "./bench.ts";

export const benchSchemaVersion = 1;

/** What `--append` keeps, and `bench --json` prints. */
export interface BenchDocument {
  readonly schemaVersion: 1;
  readonly results: readonly BenchResult[];
}

/** Adds a result to the file; it is made when it is missing, and replaced as a whole. Throws ArchiverError. */
export async function appendResult(path: string, cwd: string, result: BenchResult): Promise<void> {
  const results = await readResults(path, cwd).catch((error: unknown) => {
    if (error instanceof ArchiverError && error.code === "not-found") return [];
    throw error;
  });
  const document: BenchDocument = { schemaVersion: benchSchemaVersion, results: [...results, result] };
  const file = resolve(cwd, path);
  const fresh = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(fresh, `${JSON.stringify(document, null, 2)}\n`);
    await rename(fresh, file);
  } catch (error) {
    throw writeFailure(error, path);
  }
}

/** The results of a file that `--append` or `--json` wrote. Throws ArchiverError `bad-results` for another file. */
export async function readResults(path: string, cwd: string): Promise<readonly BenchResult[]> {
  const text = await readFile(resolve(cwd, path), "utf8").catch((error: unknown) => {
    throw translated(error, path);
  });
  const { benchDocument } = await import("./bench-schema.ts");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ArchiverError("bad-results", `${path} is no JSON.`, { cause });
  }
  const parsed = benchDocument.safeParse(value);
  if (parsed.success) return parsed.data.results;
  const [issue] = parsed.error.issues;
  throw new ArchiverError("bad-results", `${path}: ${issue?.path.join("/") ?? ""}: ${issue?.message ?? "no results"}`);
}
