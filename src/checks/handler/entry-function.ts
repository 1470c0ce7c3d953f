import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { handlerFile } from "../python/handler-entry.ts";
import { handlerMissing } from "./missing.ts";
import { handlerSyntax } from "./syntax.ts";

export const entryFunction: Check = {
  id: "handler/entry-function",
  title: "Function that the manifest names exists",
  severity: "warning",
  why: "TorchServe takes the module's class when the function behind the colon is not there.",
  remedy: "Name an existing function behind the colon, or leave it away.",
  after: [handlerMissing, handlerSyntax],
  async *run(subject) {
    const file = await handlerFile(subject);
    if (file?.entry.kind !== "class" || file.entry.insteadOf === null) return notApplicable;
    const { insteadOf, type } = file.entry;
    yield { message: `There is no ${insteadOf}; TorchServe uses the class ${type.name} instead.`, at: file.path };
  },
};
