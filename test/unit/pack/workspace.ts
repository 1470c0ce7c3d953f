import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { ArchiverError } from "../../../src/errors.ts";
import { type ArchiveOptions, type ArchiveResult, archive } from "../../../src/pack/pack.ts";
import type { Recipe } from "../../../src/pack/recipe.ts";

/** A fresh folder with a handler in it for each test of the file that imports this. */
export let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "archive-"));
  put("h.py", "def handle(data, context): return data\n");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

export function put(path: string, text = path): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

export const base = { modelName: "m", version: "1.0", handler: "h.py", exportPath: "out" };

export function pack(recipe: Partial<Recipe>, options: ArchiveOptions = {}): Promise<ArchiveResult> {
  return archive({ ...base, ...recipe }, { cwd: folder, env: {}, ...options });
}

export async function names(recipe: Partial<Recipe>): Promise<string[]> {
  const { entries } = await pack(recipe, { dryRun: true });
  return entries.map((entry) => entry.path);
}

export async function failure(recipe: Partial<Recipe>, options: ArchiveOptions = {}): Promise<ArchiverError> {
  const error = await pack(recipe, options).then(
    () => new Error("it was packed"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ArchiverError)) throw error;
  return error;
}
