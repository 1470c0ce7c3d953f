import type { ByteSource } from "../archive/byte-source.ts";
import { MalformedModel } from "./malformed.ts";

/** The header of a `.npy` file (NEP 1; numpy/lib/format.py). */
export interface NpyHeader {
  readonly shape: readonly number[];
  readonly fortranOrder: boolean;
  /** The type as written (`<f4`), or `fields` for structured types. */
  readonly dtype: string;
  /** Elements are Python objects: the data is a pickle. */
  readonly objects: boolean;
  /** Bytes an element; null for structured types whose fields we do not add up. */
  readonly itemSize: number | null;
  /** First byte of the data. */
  readonly dataOffset: number;
}

const headerLimit = 1 << 20;

/** Reads a `.npy` header by a grammar of literals; nothing is evaluated. Throws MalformedModel. */
export async function readNpyHeader(source: ByteSource): Promise<NpyHeader> {
  if (source.size < 10) throw new MalformedModel("npy file is cut off");
  const start = Buffer.from(await source.read(0, Math.min(12, source.size)));
  if (start.toString("latin1", 0, 6) !== "\u0093NUMPY") throw new MalformedModel("no npy file");
  const major = start[6] ?? 0;
  if (major < 1 || major > 3) throw new MalformedModel(`npy version ${major}`);
  const at = major === 1 ? 10 : 12;
  if (start.length < at) throw new MalformedModel("npy file is cut off");
  const length = major === 1 ? start.readUInt16LE(8) : start.readUInt32LE(8);
  if (length > headerLimit || at + length > source.size) throw new MalformedModel("npy header is cut off");
  const bytes = Buffer.from(await source.read(at, length));
  const header = parseLiteral(bytes.toString(major === 3 ? "utf8" : "latin1"));
  return { ...describe(header), dataOffset: at + length };
}

type Literal = string | number | boolean | null | readonly Literal[] | ReadonlyMap<string, Literal>;

function describe(header: Literal): Omit<NpyHeader, "dataOffset"> {
  if (!(header instanceof Map)) throw new MalformedModel("npy header is no dictionary");
  const shape: unknown = header.get("shape");
  const fortranOrder: unknown = header.get("fortran_order");
  const descr: Literal = header.get("descr") ?? null;
  if (!Array.isArray(shape) || typeof fortranOrder !== "boolean" || header.size !== 3) {
    throw new MalformedModel("npy header lacks shape, order or type");
  }
  const dims = shape.map((dim: unknown) => {
    if (typeof dim !== "number" || !Number.isSafeInteger(dim) || dim < 0) throw new MalformedModel("npy shape");
    return dim;
  });
  if (typeof descr === "string") {
    const itemSize = sizeOf(descr);
    return { shape: dims, fortranOrder, dtype: descr, objects: /^[|<>=]?O/.test(descr), itemSize };
  }
  if (!Array.isArray(descr)) throw new MalformedModel("npy type is neither a name nor a list of fields");
  return { shape: dims, fortranOrder, dtype: "fields", objects: hasObjects(descr), itemSize: null };
}

function sizeOf(descr: string): number | null {
  const match = /^[|<>=]?([a-zA-Z?])(\d*)(?:\[\w+\])?$/.exec(descr);
  if (match === null) throw new MalformedModel(`npy type ${JSON.stringify(descr.slice(0, 40))}`);
  const [, letter, digits = ""] = match;
  if (letter === "O") return null;
  const width = digits === "" ? 1 : Number(digits);
  return letter === "U" ? width * 4 : width;
}

/** A list of fields: (name, type[, shape]); the type is a string or such a list again. */
function hasObjects(fields: readonly Literal[]): boolean {
  return fields.some((field) => {
    if (!Array.isArray(field)) return false;
    const type: unknown = field[1];
    if (typeof type === "string") return /^[|<>=]?O/.test(type);
    return Array.isArray(type) && hasObjects(type);
  });
}

/** Bytes of data that the header promises; null where it does not tell. */
export function npyDataSize(header: NpyHeader): bigint | null {
  if (header.itemSize === null) return null;
  return header.shape.reduce((product, dim) => product * BigInt(dim), 1n) * BigInt(header.itemSize);
}

const token = /\s*(?:('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(-?\d+)L?|(True|False|None)|([{}()[\],:]))/y;

interface Tokens {
  readonly list: readonly string[];
  at: number;
}

/** The literals that repr() writes for dicts, tuples, lists, strings, integers and constants. */
function parseLiteral(text: string): Literal {
  const list: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.trimEnd().length) {
    const match = token.exec(text);
    if (match === null) throw new MalformedModel("npy header is no literal");
    list.push(match[0].trim());
  }
  const tokens = { list, at: 0 };
  const value = parseValue(tokens, 0);
  if (tokens.at !== list.length) throw new MalformedModel("npy header has something behind its dictionary");
  return value;
}

function parseValue(tokens: Tokens, depth: number): Literal {
  if (depth > 16) throw new MalformedModel("npy header is nested too deep");
  const first = tokens.list[tokens.at++] ?? "";
  if (first === "{") return parseDict(tokens, depth);
  if (first === "(") return parseItems(tokens, ")", depth);
  if (first === "[") return parseItems(tokens, "]", depth);
  if (/^['"]/.test(first)) return first.slice(1, -1);
  if (/^-?\d/.test(first)) return Number(first.replace(/L$/, ""));
  const constants: Readonly<Record<string, boolean | null>> = { True: true, False: false, None: null };
  const constant = constants[first];
  if (constant === undefined) throw new MalformedModel("npy header is no literal");
  return constant;
}

function parseItems(tokens: Tokens, close: string, depth: number): Literal[] {
  const items: Literal[] = [];
  while (tokens.list[tokens.at] !== close) {
    items.push(parseValue(tokens, depth + 1));
    if (tokens.list[tokens.at] === ",") tokens.at += 1;
    else if (tokens.list[tokens.at] !== close) throw new MalformedModel("npy header is no literal");
  }
  tokens.at += 1;
  return items;
}

function parseDict(tokens: Tokens, depth: number): ReadonlyMap<string, Literal> {
  const map = new Map<string, Literal>();
  while (tokens.list[tokens.at] !== "}") {
    const key = parseValue(tokens, depth + 1);
    if (typeof key !== "string" || map.has(key)) throw new MalformedModel("npy header has a bad or repeated key");
    if (tokens.list[tokens.at++] !== ":") throw new MalformedModel("npy header is no literal");
    map.set(key, parseValue(tokens, depth + 1));
    if (tokens.list[tokens.at] === ",") tokens.at += 1;
    else if (tokens.list[tokens.at] !== "}") throw new MalformedModel("npy header is no literal");
  }
  tokens.at += 1;
  return map;
}
