import type { Builder } from "./builder.ts";
import { Call } from "./call.ts";
import { invalid, unsupported } from "./lowering-error.ts";
import type { Operator } from "./operators/operator.ts";
import { refuseUnknownSizes } from "./operators/unknown-sizes.ts";
import { isInPlaceName, rowsOf } from "./operators/registry.ts";
import { kindOf } from "./kind-of.ts";
import { parseSchema, type Schema, type SchemaDefault } from "./schema.ts";
import { fits, type Fit } from "./fit.ts";
import { adoptGrid } from "./quantized-grid.ts";
import { calledOnGrid } from "./quantized-call.ts";
import { roundedOnce } from "./single-rounding.ts";
import { TensorValue } from "./tensor-value.ts";
import { ListValue, TupleValue, UnknownValue, type Value } from "./value.ts";

interface Overload {
  readonly operator: Operator;
  readonly schema: Schema;
}

const overloadsByName = new Map<string, readonly Overload[]>();

function overloadsOf(name: string): readonly Overload[] {
  let overloads = overloadsByName.get(name);
  if (overloads === undefined) {
    overloads = rowsOf(name).flatMap((operator) =>
      operator.schemas.map((text) => ({ operator, schema: parseSchema(text) })),
    );
    overloadsByName.set(name, overloads);
  }
  return overloads;
}

/**
 * Calls an operator of the table. `overload` null: chosen by the arguments' types, first those that fit as they are,
 * then those that fit after PyTorch's implicit conversions. Returns an UnknownValue for an operator that is missing
 * and when an argument is one; throws LoweringError when no overload fits.
 */
export function callOperator(
  name: string,
  overload: string | null,
  positional: readonly Value[],
  keyword: ReadonlyMap<string, Value>,
  builder: Builder,
): Value {
  const poisoned = findUnknown([...positional, ...keyword.values()]);
  if (poisoned !== null) return poisoned;
  const own = overloadsOf(name);
  const found = choose(own, overload, positional, keyword);
  if (found !== null) {
    const { operator, schema } = found.overload;
    refuseUnknownSizes(name, found.values.values());
    const lower = (values: ReadonlyMap<string, Value>) =>
      withKnownSizes(name, () => operator.lower(new Call(schema, values, builder), builder));
    const special = calledOnGrid(name, found.values, builder, lower) ?? roundedOnce(name, found.values, builder, lower);
    return special ?? lower(found.values);
  }
  const out = keyword.get("out");
  if (out !== undefined && own.length > 0) return callOut(name, positional, keyword, out, builder);
  if (isInPlaceName(name) && rowsOf(name.slice(0, -1)).length > 0) {
    return callInPlace(name, overload, positional, keyword, builder);
  }
  if (own.length === 0) return new UnknownValue(name);
  if (overload !== null && !own.some(({ schema }) => schema.overload === overload)) {
    return callOperator(name, null, positional, keyword, builder);
  }
  throw unsupported(`${name} with these arguments (${describe(positional, keyword)})`);
}

/** A size that nothing tells (NaN) cannot become an integer of the graph: the program is beyond us, not our code wrong. */
function withKnownSizes(name: string, lower: () => Value): Value {
  try {
    return lower();
  } catch (error) {
    if (!(error instanceof RangeError) || !error.message.includes("NaN")) throw error;
    throw unsupported(`${name} with a size that depends on the values of a tensor`);
  }
}

function callInPlace(
  name: string,
  overload: string | null,
  positional: readonly Value[],
  keyword: ReadonlyMap<string, Value>,
  builder: Builder,
): Value {
  const self = positional[0] ?? keyword.get("self") ?? null;
  const base = name.slice(0, -1);
  // `pow_.Scalar` is `pow.Tensor_Scalar` in place: overloads do not always share their names.
  const named = overload !== null && choose(overloadsOf(base), overload, positional, keyword) !== null;
  const result = callOperator(base, named ? overload : null, positional, keyword, builder);
  if (result instanceof UnknownValue) return result;
  if (!(self instanceof TensorValue) || !(result instanceof TensorValue))
    throw invalid(`${name} of something else than a tensor`);
  if (result !== self) {
    builder.write(self, result);
    adoptGrid(self, result);
  }
  return self;
}

function callOut(
  name: string,
  positional: readonly Value[],
  keyword: ReadonlyMap<string, Value>,
  out: Value,
  builder: Builder,
): Value {
  const rest = new Map(keyword);
  rest.delete("out");
  const result = callOperator(name, null, positional, rest, builder);
  if (!(out instanceof TensorValue) || !(result instanceof TensorValue))
    throw unsupported(`${name} with these out= arguments`);
  builder.write(out, result);
  return out;
}

function choose(
  overloads: readonly Overload[],
  wanted: string | null,
  positional: readonly Value[],
  keyword: ReadonlyMap<string, Value>,
): { overload: Overload; values: Map<string, Value> } | null {
  for (const fit of ["exact", "converted"] satisfies Fit[]) {
    for (const overload of overloads) {
      if (wanted !== null && overload.schema.overload !== wanted) continue;
      const values = bind(overload.schema, positional, keyword, fit);
      if (values !== null) return { overload, values };
    }
  }
  return null;
}

function bind(
  schema: Schema,
  positional: readonly Value[],
  keyword: ReadonlyMap<string, Value>,
  fit: Fit,
): Map<string, Value> | null {
  const values = new Map<string, Value>();
  let taken = 0;
  let named = 0;
  for (const argument of schema.arguments) {
    let value: Value | undefined;
    // Keyword-only arguments come by position in programs older than their `*`.
    if (taken < positional.length && !(argument.keywordOnly && fit === "exact")) value = positional[taken++];
    else if (keyword.has(argument.name)) {
      value = keyword.get(argument.name);
      named++;
    }
    if (value === undefined) {
      if (argument.fallback === undefined) return null;
      values.set(argument.name, fallbackValue(argument.fallback));
    } else {
      if (!fits(value, argument.type, fit)) return null;
      values.set(argument.name, value);
    }
  }
  if (schema.variadic) {
    values.set("rest", new ListValue(positional.slice(taken)));
    taken = positional.length;
  }
  return taken === positional.length && named === keyword.size ? values : null;
}

function fallbackValue(fallback: SchemaDefault): Value {
  return isList(fallback) ? new ListValue(fallback.map(fallbackValue)) : fallback;
}

function isList(fallback: SchemaDefault): fallback is readonly SchemaDefault[] {
  return Array.isArray(fallback);
}

function findUnknown(values: readonly Value[], depth = 0): UnknownValue | null {
  for (const value of values) {
    if (value instanceof UnknownValue) return value;
    const items = value instanceof ListValue ? value.content : value instanceof TupleValue ? value.items : null;
    const inner = items !== null && depth < 8 ? findUnknown(items, depth + 1) : null;
    if (inner !== null) return inner;
  }
  return null;
}

function describe(positional: readonly Value[], keyword: ReadonlyMap<string, Value>): string {
  const named = [...keyword].map(([name, value]) => `${name}=${kindOf(value)}`);
  return [...positional.map(kindOf), ...named].join(", ");
}
