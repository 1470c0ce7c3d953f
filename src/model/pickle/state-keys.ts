import type { Value } from "./value.ts";

/** Attributes that change what Python does with an object, now or when it is next pickled, called or compared. */
const forbidden: ReadonlySet<string> = new Set(
  `__setstate__ __reduce__ __reduce_ex__ __class__ __code__ __globals__ __getattr__ __getattribute__ __call__ __del__
  __getstate__ __builtins__ __import__ __init__ __new__ __closure__ __wrapped__ __bases__ __mro__ __subclasses__
  __defaults__ __kwdefaults__ __func__ __self__`.split(/\s+/),
);
const depthLimit = 4;

/** The first attribute that a BUILD state must not set, or null. A state is a dict, or a pair of dict and slots. */
export function forbiddenKey(state: Value, depth = 0): string | null {
  if (depth > depthLimit) return null;
  if (state.kind === "tuple") return firstOf(state.items.slice(0, 2), depth);
  const entries = state.kind === "dict" ? state.entries : state.kind === "object" ? state.entries.entries : [];
  for (const [key, value] of entries) {
    const name = key.kind === "text" ? key.text : null;
    if (name !== null && forbidden.has(name)) return name;
    if (name === "__dict__") {
      const inner = forbiddenKey(value, depth + 1);
      if (inner !== null || value.kind !== "dict") return inner ?? name;
    }
  }
  return state.kind === "object" ? pairsOf(state.args, depth) : null;
}

function firstOf(values: readonly Value[], depth: number): string | null {
  for (const value of values) {
    const key = forbiddenKey(value, depth + 1);
    if (key !== null) return key;
  }
  return null;
}

/** `OrderedDict([['__setstate__', …]])`: pairs that a call turns into a dict. */
function pairsOf(args: Value, depth: number): string | null {
  if (args.kind !== "tuple") return null;
  for (const argument of args.items) {
    if (argument.kind !== "list" && argument.kind !== "tuple") {
      const key = argument.kind === "dict" ? forbiddenKey(argument, depth + 1) : null;
      if (key !== null) return key;
      continue;
    }
    for (const pair of argument.items) {
      const first = pair.kind === "tuple" || pair.kind === "list" ? pair.items[0] : undefined;
      if (first?.kind === "text" && first.text !== null && forbidden.has(first.text)) return first.text;
    }
  }
  return null;
}
