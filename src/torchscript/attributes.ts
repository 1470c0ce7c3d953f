import type { Attribute } from "../graph/graph.ts";

/** Attributes in short: numbers are ints, arrays of numbers ints, strings strings; anything else written out. */
export type Attributes = Readonly<
  Record<string, number | bigint | string | readonly (number | bigint)[] | Attribute | undefined>
>;

/** The short form written out; attributes that are undefined are left out. */
export function spellOut(attributes: Attributes): Record<string, Attribute> {
  const result: Record<string, Attribute> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    if (typeof value === "number" || typeof value === "bigint") result[name] = { int: value };
    else if (typeof value === "string") result[name] = { string: value };
    else if (isInts(value)) result[name] = { ints: value };
    else result[name] = value;
  }
  return result;
}

function isInts(value: readonly (number | bigint)[] | Attribute): value is readonly (number | bigint)[] {
  return Array.isArray(value);
}
