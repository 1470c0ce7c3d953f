import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { fileMissing } from "../manifest/file-missing.ts";
import { handlerSyntax } from "../handler/syntax.ts";
import { archiveModule, hasModule } from "../python/archive-modules.ts";
import { findMethod } from "../python/class-facts.ts";
import { definedClasses } from "../python/module-classes.ts";
import { servingHandler } from "../python/serving-handler.ts";

export const modelFile: Check = {
  id: "serve/model-file",
  title: "Model file has exactly one class",
  severity: "error",
  why: "TorchServe builds the model from the only class that the model file defines, without arguments.",
  remedy:
    "Leave one class in the model file, with defaults for all its arguments, and import the others from a second file.",
  after: [fileMissing, handlerSyntax],
  async *run(subject) {
    const path = (await subject.manifest())?.manifest?.model.modelFile;
    const handler = await servingHandler(subject);
    if (!path || handler === null || (handler.kind === "own" && !handler.loads)) return notApplicable;
    const name = path.split(".")[0] ?? "";
    if (name.includes("/") || !hasModule(subject, name)) {
      yield {
        message: `TorchServe imports ${JSON.stringify(name)}, which is no module of the archive's root; the worker dies.`,
        at: path,
      };
      return;
    }
    const { module } = await archiveModule(subject, path);
    if (module === null) return;
    const classes = definedClasses(module);
    if (classes.some((one) => !one.certain)) return;
    const [only] = classes;
    if (classes.length !== 1 || only === undefined) {
      const found = classes.map((one) => one.name).join(", ");
      yield {
        message: `It defines ${classes.length} classes (${found}); the worker dies: "Expected only one class as model definition".`,
        at: path,
      };
      return;
    }
    const built = only.type && (await findMethod(subject, module, only.type, "__init__"));
    if (built?.of !== "archive" || built.function.decorated) return;
    if (built.function.atLeast > 1 || built.function.needsKeywords) {
      yield {
        message: `${only.name} needs arguments to be built, and TorchServe gives none; the worker dies: TypeError.`,
        at: path,
      };
    }
  },
};
