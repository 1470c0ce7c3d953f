import { findMethod } from "../checks/python/class-facts.ts";
import { archiveModule } from "../checks/python/archive-modules.ts";
import { handlerFile } from "../checks/python/handler-entry.ts";
import { definedClasses } from "../checks/python/module-classes.ts";
import { reachableModules } from "../checks/python/reachable-modules.ts";
import type { Subject } from "../checks/subject.ts";
import type { FolderContents } from "./folder-contents.ts";
import { plannedSubject } from "./planned-archive.ts";

/** A Python file that TorchServe can call. */
export interface OwnHandler {
  readonly path: string;
  /** What is called: `class Classifier`, `function handle`. */
  readonly called: string;
  /** Modules that it and what it imports import. */
  readonly imports: ReadonlySet<string>;
}

/** The Python files of a folder, by what TorchServe could do with them. */
export interface PythonRoles {
  readonly handlers: readonly OwnHandler[];
  /** Files whose only class is a PyTorch module: model files for a state dict. */
  readonly modelFiles: readonly string[];
  /** Files that are named like a handler and are none: why. */
  readonly rejected: readonly { readonly path: string; readonly message: string }[];
}

const maxFiles = 40;
const neverServed = /^(setup|conftest|test_.*|.*_test)\.py$/;

/** Reads every Python file at the root; nothing is executed. */
export async function pythonRoles({ folder, files }: FolderContents, signal?: AbortSignal): Promise<PythonRoles> {
  const sources = files.filter((path) => /^[^/,=]+\.py$/.test(path) && !neverServed.test(path)).slice(0, maxFiles);
  const handlers: OwnHandler[] = [];
  const modelFiles: string[] = [];
  const rejected: { path: string; message: string }[] = [];
  for (const path of sources) {
    signal?.throwIfAborted();
    const subject = await plannedSubject({ handler: path, extraFiles: sources }, folder);
    const entry = (await handlerFile(subject))?.entry;
    const called = await calledIn(subject);
    if (called !== null) handlers.push({ path, called, imports: await importsOf(subject) });
    else if (await isModelFile(subject, path)) modelFiles.push(path);
    else if (entry?.kind === "wrong" && /handler/i.test(path)) rejected.push({ path, message: entry.message });
  }
  return { handlers, modelFiles, rejected };
}

/** What TorchServe would call in the handler of this subject; null when that is none. */
async function calledIn(subject: Subject): Promise<string | null> {
  const file = await handlerFile(subject);
  if (file?.entry.kind === "function") {
    // TorchServe gives the requests and the context.
    const { name, function: called } = file.entry;
    return called !== null && called.atMost >= 2 ? `function ${name}` : null;
  }
  if (file?.entry.kind !== "class") return null;
  const { of } = await findMethod(subject, file.module, file.entry.type, "handle");
  return of === "archive" || of === "server" ? `class ${file.entry.type.name}` : null;
}

async function importsOf(subject: Subject): Promise<ReadonlySet<string>> {
  const modules = await reachableModules(subject);
  return new Set(modules.flatMap(({ module }) => module?.imports.map((one) => one.module.split(".")[0] ?? "") ?? []));
}

async function isModelFile(subject: Subject, path: string): Promise<boolean> {
  const { module } = await archiveModule(subject, path);
  const [only, ...more] = module === null ? [] : definedClasses(module);
  const bases = only?.type?.bases ?? [];
  return more.length === 0 && bases.some((base) => /(^|\.)(Lightning)?Module$/.test(base ?? ""));
}
