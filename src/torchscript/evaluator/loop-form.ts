import type { DType } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import { mayBeOptional } from "../may-be-optional.ts";
import { LoweringError } from "../lowering-error.ts";
import { commonItemForm, itemForm, type ItemForm, stackedAs } from "../stacked-list.ts";
import { asSymbolic } from "../symbolic.ts";
import { TensorValue } from "../tensor-value.ts";
import {
  ListValue,
  OptionalValue,
  StackedItems,
  type SymbolicScalar,
  TupleValue,
  UninitializedValue,
  type Value,
} from "../value.ts";

/** What a carried value is made of, apart from its numbers. */
export type Form =
  | { readonly kind: "tensor"; readonly dtype: DType; readonly shape: readonly number[] }
  | { readonly kind: "scalar"; readonly type: SymbolicScalar["type"] }
  | { readonly kind: "tuple"; readonly items: readonly Form[]; readonly of: TupleValue }
  | { readonly kind: "optional"; readonly of: Form }
  | { readonly kind: "stack"; readonly of: ItemForm }
  | { readonly kind: "other" };

export function formOf(value: Value, builder: Builder): Form {
  if (value instanceof TensorValue) return { kind: "tensor", dtype: value.dtype, shape: value.shape };
  if (value instanceof TupleValue) {
    return { kind: "tuple", items: value.items.map((item) => formOf(item, builder)), of: value };
  }
  if (value instanceof OptionalValue) return { kind: "optional", of: formOf(value.value, builder) };
  if (value instanceof ListValue) {
    const of = itemForm(value.content, builder);
    return of === null ? { kind: "other" } : { kind: "stack", of };
  }
  const scalar = asSymbolic(value, builder);
  return scalar === null ? { kind: "other" } : { kind: "scalar", type: scalar.type };
}

/** The form that what was there before the first round and what a round leaves can both take. */
export function commonForm(before: Value, after: Value, builder: Builder): Form {
  const [a, b] = [before, after].map((value) => (value instanceof OptionalValue ? value.value : value));
  if (a !== before || b !== after || a === null || b === null) {
    return { kind: "optional", of: a === null || b === null ? formOf(a ?? b, builder) : commonForm(a, b, builder) };
  }
  if (before instanceof ListValue && after instanceof ListValue)
    return listForm(before.content, after.content, builder);
  if (before instanceof TupleValue && after instanceof TupleValue) {
    const items = after.items.map((item, i) => commonForm(before.items[i] ?? null, item, builder));
    return { kind: "tuple", items, of: after };
  }
  return formOf(after, builder);
}

/**
 * Whether a value must take the form of what a round leaves before the first round can start: nothing yet against
 * something, a list of another length.
 */
export function misfits(before: Value, after: Value): boolean {
  if (before instanceof OptionalValue) {
    return after instanceof OptionalValue && misfits(before.value, after.value);
  }
  if (after instanceof OptionalValue) return true;
  if (before === null || after === null) return before !== after && mayBeOptional(before ?? after);
  if (before instanceof UninitializedValue) return before.reason === null && !(after instanceof UninitializedValue);
  if (before instanceof ListValue && after instanceof ListValue) return misfitItems(before.content, after.content);
  if (before instanceof TupleValue && after instanceof TupleValue) {
    return before.items.some((item, i) => misfits(item, after.items[i] ?? null));
  }
  return false;
}

/** Whether two values are of different kinds, so that no graph value can stand for both. */
export function differ(before: Value, after: Value, builder: Builder): boolean {
  const one = (value: Value) => value instanceof TensorValue || asSymbolic(value, builder) !== null;
  if (before === null || after === null) return before !== after && !accepts(before ?? after);
  return one(before) && one(after) && formOf(before, builder).kind !== formOf(after, builder).kind;
}

/** Whether tensors of one size become such of different sizes. */
function loosens(before: StackedItems, after: readonly Value[]): boolean {
  if (before.kind === "tuple") {
    const field = (i: number) =>
      after instanceof StackedItems
        ? (after.parts[i] ?? [])
        : after.map((item) => (item instanceof TupleValue ? item.items[i] : null));
    return before.parts.some((part, i) => loosens(part, field(i)));
  }
  if (before.kind !== "tensor") return false;
  if (after instanceof StackedItems) return after.kind === "ragged";
  const [, size] = before.stack.shape;
  return after.some((item) => item instanceof TensorValue && item.rank > 0 && item.shape[0] !== size);
}

const accepts = (value: Value): boolean =>
  mayBeOptional(value) || (value instanceof OptionalValue && mayBeOptional(value.value));

export function misfitItems(before: readonly Value[], after: readonly Value[]): boolean {
  if (before instanceof StackedItems) return loosens(before, after);
  return (
    after instanceof StackedItems || before.length !== after.length || before.some((item, i) => misfits(item, after[i]))
  );
}

/** A value in another form with the same meaning; what was never set becomes zeros that nobody looks at. */
export function conform(value: Value, form: Form, builder: Builder): Value {
  if (value instanceof UninitializedValue) return value.reason === null ? blank(form, builder) : value;
  if (form.kind === "optional") {
    if (value === null) return blank(form, builder);
    if (value instanceof OptionalValue) return new OptionalValue(value.present, conform(value.value, form.of, builder));
    return new OptionalValue(builder.full("bool", true), conform(value, form.of, builder));
  }
  if (value instanceof ListValue && form.kind === "stack")
    return new ListValue(stackedAs(value.content, form.of, builder));
  if (value instanceof TupleValue && form.kind === "tuple") {
    const items = value.items.map((item, i) => conform(item, form.items[i] ?? { kind: "other" }, builder));
    return new TupleValue(items, value.fields, value.type);
  }
  return value;
}

/** Known items in the form of those that stood there before. */
export function conformItems(items: readonly Value[], before: StackedItems, builder: Builder): readonly Value[] {
  const of = itemForm(before, builder);
  return of === null ? items : stackedAs(items, of, builder);
}

/** The form of a list that changes, as far as its items tell. */
export function listForm(before: readonly Value[], after: readonly Value[], builder: Builder): Form {
  try {
    const of = commonItemForm(after, before, builder);
    return of === null ? { kind: "other" } : { kind: "stack", of };
  } catch (error) {
    if (!(error instanceof LoweringError)) throw error;
    return { kind: "other" };
  }
}

function blank(form: Form, builder: Builder): Value {
  switch (form.kind) {
    case "tensor":
      return builder.full(form.dtype, 0n, form.shape.map(zeroIfUnknown));
    case "scalar":
      return form.type === "int" ? 0n : form.type === "float" ? 0 : false;
    case "tuple":
      return new TupleValue(
        form.items.map((item) => blank(item, builder)),
        form.of.fields,
        form.of.type,
      );
    case "optional":
      return new OptionalValue(builder.full("bool", false), blank(form.of, builder));
    case "stack":
      return new ListValue(stackedAs([], form.of, builder));
    default:
      return null;
  }
}

const zeroIfUnknown = (dim: number): number => (Number.isNaN(dim) ? 0 : dim);
