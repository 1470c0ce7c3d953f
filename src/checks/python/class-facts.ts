import type { Binding, PythonClass, PythonFunction, PythonModule } from "../../python/module.ts";
import type { Subject } from "../subject.ts";
import { archiveModule, modulePath } from "./archive-modules.ts";
import { isServerClass } from "./ts-handlers.ts";

/** A method as a class has it: where it is defined, or that the source does not tell. */
export type Method =
  | { readonly of: "archive"; readonly function: PythonFunction; readonly type: PythonClass }
  | { readonly of: "server"; readonly name: string }
  | { readonly of: "nobody" }
  | { readonly of: "unknown" };

const plainBases = new Set(["object", "ABC", "abc.ABC", "Generic", "typing.Generic", "Protocol", "typing.Protocol"]);
const maxDepth = 16;

/** Looks a method up as Python does, through base classes in this archive and in TorchServe. */
export async function findMethod(
  subject: Subject,
  module: PythonModule,
  type: PythonClass,
  name: string,
  depth = 0,
): Promise<Method> {
  const own = type.methods.get(name);
  if (own) return { of: "archive", function: own, type };
  if (type.attributes.has(name) || depth > maxDepth) return { of: "unknown" };
  let unknown = type.decorated;
  for (const base of type.bases) {
    const found = base === null ? unknownMethod : await methodOfBase(subject, module, base, name, depth + 1);
    if (found.of === "archive" || found.of === "server") return found;
    unknown ||= found.of === "unknown";
  }
  return unknown ? unknownMethod : { of: "nobody" };
}

const unknownMethod: Method = { of: "unknown" };
const serverMethods = new Set(["initialize", "handle", "preprocess", "inference", "postprocess", "__init__"]);

async function methodOfBase(
  subject: Subject,
  module: PythonModule,
  base: string,
  name: string,
  depth: number,
): Promise<Method> {
  const found = await resolveName(subject, module, base, depth);
  if (found === null) return plainBases.has(base) ? { of: "nobody" } : unknownMethod;
  if (found.kind === "server") return serverMethods.has(name) ? { of: "server", name: found.name } : unknownMethod;
  return findMethod(subject, found.module, found.type, name, depth);
}

type Resolved =
  | { readonly kind: "class"; readonly module: PythonModule; readonly type: PythonClass }
  | { readonly kind: "server"; readonly name: string };

/** What class a dotted name of this module is: of the archive, of TorchServe, or null when the source does not tell. */
async function resolveName(
  subject: Subject,
  module: PythonModule,
  dotted: string,
  depth = 0,
): Promise<Resolved | null> {
  if (depth > maxDepth) return null;
  const [first = "", ...rest] = dotted.split(".");
  const binding = module.bindings.get(first);
  if (binding === undefined) return rest.length > 0 ? null : fromStars(subject, module, first, depth);
  switch (binding.kind) {
    case "class":
      return rest.length === 0 ? { kind: "class", module, type: binding.type } : null;
    case "alias":
      return binding.of === dotted ? null : resolveName(subject, module, [binding.of, ...rest].join("."), depth + 1);
    case "import":
      return imported(subject, binding, [first, ...rest], depth + 1);
    default:
      return null;
  }
}

/** `from helper import *`. */
async function fromStars(
  subject: Subject,
  module: PythonModule,
  name: string,
  depth: number,
): Promise<Resolved | null> {
  for (const one of module.imports) {
    if (one.name !== "*" || one.level > 0) continue;
    const found = await member(subject, one.module, name, depth + 1);
    if (found !== null) return found;
  }
  return null;
}

async function imported(
  subject: Subject,
  binding: Extract<Binding, { kind: "import" }>,
  path: readonly string[],
  depth: number,
): Promise<Resolved | null> {
  const [, ...rest] = path;
  if (binding.name !== null) {
    if (rest.length === 0) return member(subject, binding.module, binding.name, depth);
    return member(
      subject,
      `${binding.module}.${[binding.name, ...rest.slice(0, -1)].join(".")}`,
      rest.at(-1) ?? "",
      depth,
    );
  }
  // `import a.b.c` binds `a`; `import a.b as x` binds `a.b` to another name.
  const whole = binding.module.split(".")[0] === path[0] ? path : [...binding.module.split("."), ...rest];
  return member(subject, whole.slice(0, -1).join("."), whole.at(-1) ?? "", depth);
}

async function member(subject: Subject, module: string, name: string, depth: number): Promise<Resolved | null> {
  if (isServerClass(module, name)) return { kind: "server", name };
  const path = modulePath(subject, module);
  const file = path === null ? null : await archiveModule(subject, path);
  return file?.module ? resolveName(subject, file.module, name, depth) : null;
}
