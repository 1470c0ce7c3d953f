import { invalid } from "../lowering-error.ts";

/** A JSON object of the program whose fields are read by name; anything unexpected is a LoweringError (`invalid`). */
export class JsonObject {
  readonly #fields: ReadonlyMap<string, unknown>;
  readonly #what: string;

  private constructor(fields: ReadonlyMap<string, unknown>, what: string) {
    this.#fields = fields;
    this.#what = what;
  }

  static of(value: unknown, what: string): JsonObject {
    const found = JsonObject.maybe(value, what);
    if (found === null) throw invalid(`${what} is not an object`);
    return found;
  }

  static maybe(value: unknown, what: string): JsonObject | null {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
    return new JsonObject(new Map(Object.entries(value)), what);
  }

  /** Undefined where the field is missing; JSON's null is null. */
  value(name: string): unknown {
    return this.#fields.get(name);
  }

  has(name: string): boolean {
    return this.#fields.get(name) !== undefined && this.#fields.get(name) !== null;
  }

  get entries(): Iterable<readonly [string, unknown]> {
    return this.#fields;
  }

  object(name: string): JsonObject {
    return JsonObject.of(this.#fields.get(name), `${this.#what}.${name}`);
  }

  /** Null where the field is missing or null. */
  optionalObject(name: string): JsonObject | null {
    return this.has(name) ? this.object(name) : null;
  }

  /** An empty list where the field is missing or null. */
  list(name: string): readonly unknown[] {
    return this.has(name) ? listOf(this.#fields.get(name), `${this.#what}.${name}`) : [];
  }

  string(name: string): string {
    return stringOf(this.#fields.get(name), `${this.#what}.${name}`);
  }

  integer(name: string): number {
    return integerOf(this.#fields.get(name), `${this.#what}.${name}`);
  }

  /**
   * The one member of a union that is set: `{"as_int": 3}`. Early files write every member, the others null; the
   * member without a value, `as_none`, is an empty list there and true later.
   */
  union(): readonly [string, unknown] {
    let none: readonly [string, unknown] | null = null;
    for (const [name, value] of this.#fields) {
      if (value === null) continue;
      if (name !== "as_none") return [name, value];
      none = [name, null];
    }
    if (none !== null) return none;
    throw invalid(`${this.#what} has no value`);
  }
}

export function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(`${what} is not a list`);
  return value;
}

export function stringOf(value: unknown, what: string): string {
  if (typeof value !== "string") throw invalid(`${what} is not a string`);
  return value;
}

export function numberOf(value: unknown, what: string): number {
  if (typeof value === "number") return value;
  // Python's json writes these bare; `parseProgram` made them strings.
  if (value === "Infinity") return Infinity;
  if (value === "-Infinity") return -Infinity;
  if (value === "NaN") return NaN;
  throw invalid(`${what} is not a number`);
}

export function integerOf(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isInteger(value)) throw invalid(`${what} is not an integer`);
  return value;
}

/** A Python int: numbers beyond 2^53 (`slice` to the end is 2^63 - 1) come as strings from `parseJson`. */
export function bigintOf(value: unknown, what: string): bigint {
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  if (typeof value === "string" && /^-?\d{1,40}$/.test(value)) return BigInt(value);
  throw invalid(`${what} is not an integer`);
}

const largeOrSpecial = /("(?:[^"\\]|\\.)*")|((?<![\w.+-])-?\d{16,}(?![\d.eE]))|(-?\bInfinity\b)|(\bNaN\b)/g;

/**
 * JSON as Python's `json.dumps` writes it: integers of any size stay exact (as strings of digits), and the bare words
 * Infinity and NaN are strings too. Throws LoweringError (`invalid`).
 */
export function parseJson(text: string, what: string): unknown {
  const quoted = text.replace(largeOrSpecial, (whole, string: string | undefined) =>
    string === undefined ? `"${whole}"` : whole,
  );
  try {
    return JSON.parse(quoted);
  } catch (error) {
    throw invalid(`${what} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
