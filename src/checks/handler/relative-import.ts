import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { absoluteName, reachableModules } from "../python/reachable-modules.ts";
import { handlerMissing } from "./missing.ts";
import { handlerSyntax } from "./syntax.ts";

export const relativeImport: Check = {
  id: "handler/relative-import",
  title: "Handler imports its neighbours by their plain names",
  severity: "error",
  why: "TorchServe imports the handler as a top-level module, where `from .x import y` has no package to start from.",
  remedy: "Write `from x import y`: the archive's root is on the Python path.",
  after: [handlerMissing, handlerSyntax],
  async *run(subject) {
    const modules = await reachableModules(subject);
    if (modules.length === 0) return notApplicable;
    for (const { path, module, role } of modules) {
      for (const one of module?.imports ?? []) {
        const outside = role === "handler" ? one.level > 0 && !path.includes("/") : absoluteName(path, one) === null;
        if (!outside || one.soft || one.deferred) continue;
        yield {
          message: `ImportError: attempted relative import with no known parent package (from ${".".repeat(one.level)}${one.module}); the worker dies.`,
          at: `${path}:${one.line}:${one.column}`,
        };
      }
    }
  },
};
