import { dirname } from "node:path/posix";
import type { PythonImport } from "../../python/imports.ts";
import type { Subject } from "../subject.ts";
import { type ArchiveModule, archiveModule, modulePath } from "./archive-modules.ts";
import { handlerPlace } from "./handler-place.ts";

/** A Python file of the archive that the worker imports, and why. */
export interface ReachableModule extends ArchiveModule {
  readonly role: "handler" | "model file" | "imported";
}

const maxModules = 500;

/** The handler, the model file, and what they import at load time of this archive: in this order, each once. */
export async function reachableModules(subject: Subject): Promise<ReachableModule[]> {
  const found = new Map<string, ReachableModule>();
  const waiting: { path: string; role: ReachableModule["role"] }[] = [];
  const place = await handlerPlace(subject);
  if (place?.kind === "file") waiting.push({ path: place.path, role: "handler" });
  const modelFile = (await subject.manifest())?.manifest?.model.modelFile;
  if (modelFile?.endsWith(".py") && subject.entry(modelFile)) waiting.push({ path: modelFile, role: "model file" });
  for (let next = waiting.shift(); next && found.size < maxModules; next = waiting.shift()) {
    if (found.has(next.path)) continue;
    const file = await archiveModule(subject, next.path);
    found.set(next.path, { ...file, role: next.role });
    for (const one of file.module?.imports ?? []) {
      for (const path of filesOf(subject, next.path, one)) waiting.push({ path, role: "imported" });
    }
  }
  return [...found.values()];
}

/** The files of the archive that an import runs: the module, its packages, and what is taken from a package. */
function filesOf(subject: Subject, from: string, one: PythonImport): string[] {
  const base = absoluteName(from, one);
  if (base === null || one.soft || one.deferred) return [];
  const parts = base.split(".");
  const names = parts.map((_, i) => parts.slice(0, i + 1).join("."));
  if (one.name !== null && one.name !== "*") names.push(base === "" ? one.name : `${base}.${one.name}`);
  return names.map((name) => modulePath(subject, name)).filter((path) => path !== null);
}

/** The dotted name that an import means in this file; null when it leads above the archive's root. */
export function absoluteName(from: string, one: PythonImport): string | null {
  if (one.level === 0) return one.module;
  const folder = dirname(from) === "." ? [] : dirname(from).split("/");
  const up = one.level - 1;
  if (up >= folder.length) return null;
  return [...folder.slice(0, folder.length - up), ...(one.module === "" ? [] : [one.module])].join(".");
}
