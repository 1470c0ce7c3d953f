import { builtInLibraries } from "../../manifest/built-in-handlers.ts";
import type { Subject } from "../subject.ts";
import { hasModule, modulePath } from "./archive-modules.ts";
import { isServerHandler } from "./ts-handlers.ts";

/** Where TorchServe's loader (`ts/model_loader.py`) finds the handler of the manifest. */
export type HandlerPlace =
  /** A Python source of the archive. `entryPoint`: what stands behind the colon. */
  | { readonly kind: "file"; readonly path: string; readonly entryPoint: string | null }
  /** One of the server's own, `ts.torch_handler.<name>`. */
  | { readonly kind: "server"; readonly name: string }
  /** Compiled code of the archive, or a module without a source: nothing to look at. */
  | { readonly kind: "compiled" }
  /** `error`: what the worker's log says. */
  | { readonly kind: "missing"; readonly handler: string; readonly error: string };

/** Null when there is no manifest, or none that names a handler. */
export async function handlerPlace(subject: Subject): Promise<HandlerPlace | null> {
  const manifest = (await subject.manifest())?.manifest;
  if (!manifest || manifest.model.handler === "") return null;
  const { handler } = manifest.model;
  return manifest.runtime === "LSP" ? libraryPlace(subject, handler) : pythonPlace(subject, handler);
}

/** `_load_handler_file`, then `_load_default_handler` when importing fails. */
function pythonPlace(subject: Subject, handler: string): HandlerPlace {
  const colon = handler.indexOf(":");
  const file = colon < 0 ? handler : handler.slice(0, colon);
  const entryPoint = colon < 0 ? null : handler.slice(colon + 1);
  const module = (file.endsWith(".py") ? file.slice(0, -3) : file).split("/").at(-1) ?? "";
  if (module === "") return { kind: "missing", handler, error: "ValueError: Empty module name" };
  // The frontend puts the handler's folder on PYTHONPATH only when there is a colon (EnvironmentUtils.java).
  const slash = file.lastIndexOf("/");
  const folders = colon >= 0 && slash > 0 ? [file.slice(0, slash), ""] : [""];
  const path = module.split(".").includes("") ? null : modulePath(subject, module, folders);
  if (path !== null) return { kind: "file", path, entryPoint: entryPoint === "" ? null : entryPoint };
  if (isServerHandler(handler)) return { kind: "server", name: handler };
  if (!module.includes(".") && hasModule(subject, module)) return { kind: "compiled" };
  return { kind: "missing", handler, error: `ModuleNotFoundError: No module named 'ts.torch_handler.${handler}'` };
}

/** The C++ backend loads `<handler>.so` of the archive, or has the handler itself. */
function libraryPlace(subject: Subject, handler: string): HandlerPlace {
  const name = handler.split(":")[0] ?? "";
  if (builtInLibraries.has(name)) return { kind: "compiled" };
  const found = [name, `${name}.so`, `${name}.dylib`].some((path) => subject.entry(path)?.kind === "file");
  return found ? { kind: "compiled" } : { kind: "missing", handler, error: `cannot open ${name}.so` };
}
