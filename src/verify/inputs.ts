import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { translated } from "../archive/file-source.ts";
import { ArchiverError } from "../errors.ts";
import type { ResolvedSpec } from "../runtime/dummy-input.ts";
import { parseInput } from "../runtime/input-spec.ts";
import { readNpy } from "../runtime/npy.ts";

/** Reads every `--input` and the files it names. Throws ArchiverError `usage`, `not-found` or `unreadable`. */
export async function readInputs(texts: readonly string[], cwd: string): Promise<ResolvedSpec[]> {
  return Promise.all(texts.map((text) => readInput(text, cwd)));
}

async function readInput(text: string, cwd: string): Promise<ResolvedSpec> {
  const spec = parseInput(text);
  if (typeof spec === "string") throw new ArchiverError("usage", `--input ${spec}`);
  if (spec.kind !== "file") return spec;
  const bytes = await readFile(resolve(cwd, spec.path)).catch((error: unknown) => {
    throw translated(error, spec.path);
  });
  const tensor = readNpy(bytes);
  if (typeof tensor === "string") throw new ArchiverError("usage", `--input ${text}: ${tensor}`);
  return { ...spec, tensor };
}
