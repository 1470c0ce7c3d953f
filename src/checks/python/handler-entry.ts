import type { PythonClass, PythonFunction, PythonModule } from "../../python/module.ts";
import { dottedName, nodeIn, walk } from "../../python/syntax.ts";
import type { Subject } from "../subject.ts";
import { archiveModule, modulePath } from "./archive-modules.ts";
import { type HandlerPlace, handlerPlace } from "./handler-place.ts";
import { definedClasses } from "./module-classes.ts";

/** What TorchServe calls: told as `TsModelLoader.load` of ts/model_loader.py decides. */
type HandlerEntry =
  | { readonly kind: "function"; readonly name: string; readonly function: PythonFunction | null }
  | {
      readonly kind: "class";
      readonly type: PythonClass;
      readonly module: PythonModule;
      readonly insteadOf: string | null;
    }
  /** `message`: why the worker dies. */
  | { readonly kind: "wrong"; readonly message: string }
  /** The source does not tell. */
  | { readonly kind: "unknown" };

/** A handler file of the archive with what is called in it; null when the handler is no source of the archive. */
export interface HandlerFile {
  readonly path: string;
  readonly module: PythonModule;
  readonly entry: HandlerEntry;
}

/** Null as well when the file does not parse. */
export async function handlerFile(subject: Subject): Promise<HandlerFile | null> {
  const place = await handlerPlace(subject);
  if (place?.kind !== "file") return null;
  const { module } = await archiveModule(subject, place.path);
  return module && { path: place.path, module, entry: await entryOf(subject, module, place) };
}

async function entryOf(
  subject: Subject,
  module: PythonModule,
  place: Extract<HandlerPlace, { kind: "file" }>,
): Promise<HandlerEntry> {
  const name = place.entryPoint ?? "handle";
  const held = await hasName(subject, module, name);
  if (held === "unknown") return { kind: "unknown" };
  if (held === "yes") return functionEntry(module, name);
  if (isDynamic(module)) return { kind: "unknown" };
  const classes = definedClasses(module);
  if (classes.some((one) => !one.certain)) return { kind: "unknown" };
  const [only] = classes;
  if (classes.length !== 1 || only === undefined) {
    const names = classes.map((one) => one.name).join(", ");
    const found = classes.length === 0 ? "no class" : `${classes.length} classes (${names})`;
    return { kind: "wrong", message: `defines ${found} and no function ${name}` };
  }
  if (only.type === null) return { kind: "wrong", message: `has ${only.name} as its only class, which is no handler` };
  return { kind: "class", type: only.type, module, insteadOf: place.entryPoint };
}

function functionEntry(module: PythonModule, name: string): HandlerEntry {
  const binding = module.bindings.get(name);
  if (binding?.kind === "class" && !binding.type.decorated) {
    return { kind: "wrong", message: `names the class ${name} as its entry point, which must be a function` };
  }
  return { kind: "function", name, function: binding?.kind === "function" ? binding.function : null };
}

/** Whether the module has an attribute of this name once it is imported. */
async function hasName(
  subject: Subject,
  module: PythonModule,
  name: string,
  depth = 0,
): Promise<"yes" | "no" | "unknown"> {
  const binding = module.bindings.get(name);
  if (binding) return binding.certain ? "yes" : "unknown";
  if (module.bindings.has("__getattr__") || depth > 8) return "unknown";
  for (const one of module.imports) {
    if (one.name !== "*" || one.deferred) continue;
    const path = one.level === 0 ? modulePath(subject, one.module) : null;
    const file = path === null ? null : await archiveModule(subject, path);
    // What a library exports is not known; TorchServe's handler modules export no function `handle`.
    if (!file?.module && one.module.startsWith("ts.torch_handler")) continue;
    const held = file?.module ? await hasName(subject, file.module, name, depth + 1) : "unknown";
    if (held !== "no") return held;
  }
  return "no";
}

const makers = new Set(["globals", "exec", "setattr", "vars", "locals"]);

/** Makes names by calls that only running tells. */
function isDynamic(module: PythonModule): boolean {
  for (const node of walk(module.tree)) {
    if (node.kind === "ExprCall" && makers.has(dottedName(nodeIn(node, "func")) ?? "")) return true;
  }
  return false;
}
