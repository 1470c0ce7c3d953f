import type { Binding, PythonClass, PythonModule } from "../../python/module.ts";

/** A class as `list_classes_from_module` of ts/utils/util.py counts it: once for each name it has in the module. */
export interface DefinedClass {
  readonly name: string;
  /** Null for what a factory makes (`namedtuple`). */
  readonly type: PythonClass | null;
  /** False when it is defined only under a condition. */
  readonly certain: boolean;
}

/** Factories whose classes belong to the module that calls them. */
const factories = new Set([
  "namedtuple",
  "collections.namedtuple",
  "NamedTuple",
  "typing.NamedTuple",
  "TypedDict",
  "typing.TypedDict",
  "type",
  "Enum",
  "enum.Enum",
  "IntEnum",
  "enum.IntEnum",
]);

/** The classes that a module defines itself, by every name bound to one. */
export function definedClasses(module: PythonModule): DefinedClass[] {
  const found: DefinedClass[] = [];
  for (const [name, binding] of module.bindings) {
    const type = classOf(module, binding);
    if (type !== undefined) found.push({ name, type, certain: binding.certain });
  }
  return found;
}

/** Undefined for what is no class of this module. */
function classOf(module: PythonModule, binding: Binding, depth = 0): PythonClass | null | undefined {
  if (binding.kind === "class") return binding.type;
  if (binding.kind === "call") {
    // `type(x)` of one argument asks, of three it makes.
    const makes = factories.has(binding.of) && (binding.of !== "type" || positional(binding) === 3);
    return makes ? null : undefined;
  }
  if (binding.kind !== "alias" || depth > 8) return undefined;
  const next = module.bindings.get(binding.of);
  return next && classOf(module, next, depth + 1);
}

function positional({ node }: Extract<Binding, { kind: "call" }>): number {
  const given = node.fields["arguments"];
  if (typeof given !== "object" || given === null || !("fields" in given)) return 0;
  const { args } = given.fields;
  return Array.isArray(args) ? args.length : 0;
}
