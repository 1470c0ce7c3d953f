import type { PythonClass, PythonModule } from "../../python/module.ts";
import { dottedName, nodeIn, nodesIn, type SyntaxNode, walk } from "../../python/syntax.ts";
import type { Subject } from "../subject.ts";
import { findMethod } from "./class-facts.ts";
import { handlerFile } from "./handler-entry.ts";
import { handlerPlace } from "./handler-place.ts";

/** Who loads the model and runs it, as far as the handler's source tells. */
export type ServingHandler =
  | { readonly kind: "server"; readonly name: string }
  /**
   * A handler of the archive. `loads`: the model is loaded by TorchServe's BaseHandler.initialize; `infers`: its
   * inference runs it, too.
   */
  | { readonly kind: "own"; readonly loads: boolean; readonly infers: boolean };

/** Null when there is no handler, or its source does not tell. */
export async function servingHandler(subject: Subject): Promise<ServingHandler | null> {
  const place = await handlerPlace(subject);
  if (place?.kind === "server") return place;
  const file = await handlerFile(subject);
  if (file === null) return null;
  if (file.entry.kind === "function") return { kind: "own", loads: false, infers: false };
  if (file.entry.kind !== "class") return null;
  const { type, module } = file.entry;
  return {
    kind: "own",
    loads: await usesServer(subject, module, type, "initialize"),
    infers:
      (await usesServer(subject, module, type, "inference")) && (await usesServer(subject, module, type, "handle")),
  };
}

/** Whether a call of the method comes to TorchServe's own: inherited, or by `super()` without a condition. */
async function usesServer(subject: Subject, module: PythonModule, type: PythonClass, name: string): Promise<boolean> {
  const method = await findMethod(subject, module, type, name);
  if (method.of === "server") return true;
  if (method.of !== "archive" || !callsSuper(method.function.node, name)) return false;
  // Looked up past the class that defines it.
  const bases = { ...method.type, methods: new Map([...method.type.methods].filter(([key]) => key !== name)) };
  const attributes = new Set([...method.type.attributes].filter((key) => key !== name));
  return (await findMethod(subject, module, { ...bases, attributes }, name)).of === "server";
}

/** A statement of the method's own body, not below an `if`, calls `super().name(…)` or `Base.name(self, …)`. */
function callsSuper(method: SyntaxNode, name: string): boolean {
  const always = nodesIn(method, "body").filter((one) => /^Stmt(?:Expr|Assign|AnnAssign|Return)$/.test(one.kind));
  return always.some((statement) =>
    [...walk(statement)].some((node) => {
      const called = node.kind === "ExprCall" ? nodeIn(node, "func") : null;
      if (called?.kind !== "ExprAttribute" || called.fields["attr"] === undefined) return false;
      const attribute = nodeIn(called, "attr");
      if ((attribute ? attribute.fields["id"] : called.fields["attr"]) !== name) return false;
      const on = nodeIn(called, "value");
      if (on?.kind === "ExprCall") return dottedName(nodeIn(on, "func")) === "super";
      return /Handler$|Classifier$|Detector$|Segmenter$/.test(dottedName(on) ?? "");
    }),
  );
}
