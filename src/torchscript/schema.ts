import { invalid } from "./lowering-error.ts";

/** The type of an argument as ATen's schemas write it: `Tensor?`, `int[2]`, `Tensor?[]`, `ScalarType?`, `Dict(str, t)`. */
export interface SchemaType {
  /** `Tensor`, `int`, `float`, `bool`, `str`, `Scalar`, `Device`, `ScalarType`, `t`, `Dict`, `list`, … */
  readonly base: string;
  readonly optional: boolean;
  /** For `list`: the element's type. */
  readonly element: SchemaType | null;
  /** For `list`: the size N of `int[N]`, which a single int also fits. */
  readonly size: number | null;
}

export type SchemaDefault = null | boolean | bigint | number | string | readonly SchemaDefault[];

export interface SchemaArgument {
  readonly name: string;
  readonly type: SchemaType;
  readonly keywordOnly: boolean;
  /** Undefined: required. */
  readonly fallback: SchemaDefault | undefined;
  /** Marked `(a!)`: written to. */
  readonly written: boolean;
}

export interface Schema {
  /** `aten::add` */
  readonly name: string;
  /** `Tensor`; empty for the plain overload. */
  readonly overload: string;
  readonly arguments: readonly SchemaArgument[];
  /** Ends with `...`: takes any further arguments, which come as a list named `rest`. */
  readonly variadic: boolean;
  /** The part after `->`, as written. */
  readonly returns: string;
}

/** Reads one schema as `torch._C._jit_get_all_schemas()` prints it. */
export function parseSchema(text: string): Schema {
  const open = text.indexOf("(");
  const close = matching(text, open);
  const arrow = text.indexOf("->", close);
  if (open < 0 || arrow < 0) throw invalid(`not an operator schema: ${text}`);
  const [name = "", overload = ""] = text.slice(0, open).trim().split(".", 2);
  let keywordOnly = false;
  let variadic = false;
  const list: SchemaArgument[] = [];
  for (const part of splitTop(text.slice(open + 1, close))) {
    if (part === "*") keywordOnly = true;
    else if (part === "...") variadic = true;
    else list.push(parseArgument(part, keywordOnly));
  }
  return { name, overload, arguments: list, variadic, returns: text.slice(arrow + 2).trim() };
}

function matching(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "(") depth++;
    else if (text[at] === ")" && --depth === 0) return at;
  }
  return text.length;
}

function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    const c = text[at];
    if (c === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (c === "(" || c === "[") depth++;
    else if (c === ")" || c === "]") depth--;
    if (at === text.length || (c === "," && depth === 0)) {
      const part = text.slice(start, at).trim();
      if (part !== "") parts.push(part);
      start = at + 1;
    }
  }
  return parts;
}

function parseArgument(text: string, keywordOnly: boolean): SchemaArgument {
  const found = /^(.*?)\s+(\w+)(?:\s*=\s*(.*))?$/s.exec(text);
  if (found === null) throw invalid(`not an argument of a schema: ${text}`);
  const [, type = "", name = "", fallback] = found;
  return {
    name,
    type: parseType(type),
    keywordOnly,
    fallback: fallback === undefined ? undefined : parseDefault(fallback),
    written: type.includes("!"),
  };
}

function parseType(text: string): SchemaType {
  const bare = text.trim();
  if (bare.endsWith("?")) return { ...parseType(bare.slice(0, -1)), optional: true };
  const list = /^(.*)\[(\d*)\]$/.exec(bare);
  if (list !== null) {
    const size = list[2] ? Number(list[2]) : null;
    return { base: "list", optional: false, element: parseType(list[1] ?? ""), size };
  }
  if (bare.endsWith(")")) {
    const open = bare.indexOf("(");
    const base = bare.slice(0, open);
    // An annotation of aliasing, `Tensor(a!)`; else a type with arguments, `Dict(str, t)`.
    if (base !== "" && base !== "Dict" && base !== "Future") return parseType(base);
    return { base: base === "" ? "tuple" : base, optional: false, element: null, size: null };
  }
  const base = bare.startsWith("Dict(") ? "Dict" : bare === "SymInt" ? "int" : bare;
  return { base, optional: false, element: null, size: null };
}

function parseDefault(text: string): SchemaDefault {
  if (text === "None") return null;
  if (text === "True") return true;
  if (text === "False") return false;
  if (text === "Mean") return 1n;
  if (text === "contiguous_format") return 0n;
  if (text === "long") return 4n;
  if (text === "strided") return 0n;
  if (text.startsWith("[")) return splitTop(text.slice(1, -1)).map(parseDefault);
  if (text.startsWith('"') || text.startsWith("'")) return text.slice(1, -1).replaceAll("\\n", "\n");
  if (text === "inf") return Infinity;
  if (text === "nan") return NaN;
  if (/^-?\d+$/.test(text)) return BigInt(text);
  return Number(text);
}
