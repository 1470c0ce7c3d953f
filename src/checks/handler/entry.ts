import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { handlerFile } from "../python/handler-entry.ts";
import { handlerMissing } from "./missing.ts";
import { handlerSyntax } from "./syntax.ts";

export const handlerEntry: Check = {
  id: "handler/entry",
  title: "Handler has one class or an entry function",
  severity: "error",
  why: "TorchServe calls a function named handle (or the one behind the colon), else the only class of the module.",
  remedy:
    "Leave one class in the handler's file and move the others to a second file, or name the function: handler.py:fn.",
  after: [handlerMissing, handlerSyntax],
  async *run(subject) {
    const file = await handlerFile(subject);
    if (file === null) return notApplicable;
    if (file.entry.kind !== "wrong") return;
    yield {
      message: `The handler ${file.entry.message}; the worker dies or no prediction succeeds: "Expected only one class in custom service code or a function entry point".`,
      at: file.path,
    };
  },
};
