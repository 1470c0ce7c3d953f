import type { PythonClass, PythonFunction, PythonModule } from "../../python/module.ts";
import type { Check, Finding } from "../check.ts";
import { notApplicable } from "../check.ts";
import { findMethod } from "../python/class-facts.ts";
import { handlerFile } from "../python/handler-entry.ts";
import type { Subject } from "../subject.ts";
import { handlerEntry } from "./entry.ts";

export const handlerMethods: Check = {
  id: "handler/methods",
  title: "Handler can be called as TorchServe calls it",
  severity: "error",
  why: "TorchServe makes the class without arguments and calls initialize(context), then handle(data, context); a function gets (data, context).",
  remedy:
    "Derive the class from ts.torch_handler.base_handler.BaseHandler, or write initialize(self, context) and handle(self, data, context).",
  after: [handlerEntry],
  async *run(subject) {
    const file = await handlerFile(subject);
    if (file === null) return notApplicable;
    const { entry, module, path } = file;
    const place = (node: { readonly start: number }) => {
      const { line, column } = module.source.position(node.start);
      return `${path}:${line}:${column}`;
    };
    if (entry.kind === "function" && entry.function) {
      const wrong = callTrouble(entry.function, 2);
      if (wrong) {
        yield {
          message: `${entry.name} ${wrong}; the worker dies: it is called with (data, context).`,
          at: place(entry.function.node),
        };
      }
    }
    if (entry.kind === "class") yield* classTrouble(subject, module, entry.type, place(entry.type.node));
  },
};

const calls = [
  { name: "__init__", given: 0, outcome: "the worker dies" },
  { name: "initialize", given: 1, outcome: "the worker dies" },
  { name: "handle", given: 2, outcome: "registers, then every prediction answers 503" },
] as const;

async function* classTrouble(
  subject: Subject,
  module: PythonModule,
  type: PythonClass,
  at: string,
): AsyncGenerator<Finding> {
  for (const { name, given, outcome } of calls) {
    const method = await findMethod(subject, module, type, name);
    if (method.of === "nobody" && name !== "__init__") {
      yield { message: `The class ${type.name} has no ${name}, neither its own nor inherited; the worker dies.`, at };
    }
    if (method.of !== "archive") continue;
    const wrong = callTrouble(method.function, given + 1);
    if (wrong) yield { message: `${type.name}.${name} ${wrong}; ${outcome}.`, at };
  }
}

/** Why a call with so many positional arguments fails, or null. */
function callTrouble(called: PythonFunction, given: number): string | null {
  if (called.decorated) return null;
  if (called.needsKeywords) return "has keyword arguments without a default";
  if (given < called.atLeast) return `needs ${called.atLeast} arguments and gets ${given}`;
  return given > called.atMost ? `takes ${called.atMost} arguments and gets ${given}` : null;
}
