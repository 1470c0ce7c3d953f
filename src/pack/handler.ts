import { resolve } from "node:path";
import { isBuiltInHandler } from "../manifest/built-in-handlers.ts";
import type { Runtime } from "../manifest/fields.ts";
import { statOf } from "./stat.ts";

/** The file of a handler, relative to `cwd`; null when the server has it (or none was given). */
export function handlerFile(handler: string, runtime: Runtime, cwd: string): string | null {
  if (handler === "" || isBuiltInHandler(handler, runtime)) return null;
  if (runtime === "LSP") return withoutEntryPoint(handler) + (process.platform === "darwin" ? ".dylib" : ".so");
  if (!handler.includes(".py")) return `${withoutEntryPoint(handler)}.py`;
  if (statOf(resolve(cwd, handler))?.isFile()) return handler;
  const file = withoutEntryPoint(handler);
  return file.endsWith(".py") ? file : `${file}.py`;
}

/** `folder/file:function` without `:function`; the colon of a Windows drive stays. */
function withoutEntryPoint(handler: string): string {
  return handler.replace(/:[^/\\]*$/, "");
}
