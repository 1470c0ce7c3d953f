import { mayEqual } from "./extent.ts";
import { isComplex } from "./promotion.ts";
import { isComplexNumber } from "./complex-number.ts";
import type { SchemaType } from "./schema.ts";
import { TensorValue } from "./tensor-value.ts";
import { DeviceValue, DictValue, EnumMember, ListValue, SymbolicScalar, TupleValue, type Value } from "./value.ts";

/** `exact`: as it is. `converted`: after PyTorch's implicit conversions between tensors and numbers. */
export type Fit = "exact" | "converted";

/** Whether a value can be passed for an argument of this type. */
export function fits(value: Value, type: SchemaType, fit: Fit): boolean {
  if (value === null) return type.optional || open.has(type.base) || type.base === "NoneType";
  if (type.element !== null) return fitsList(value, type.element, type.size, fit);
  const test = tests[type.base];
  if (test !== undefined) return test(value, fit);
  return true; // t, Any, AnyClassType, tuple, …
}

const open = new Set(["t", "t1", "t2", "Any", "Generator", "key", "value"]);

function fitsList(value: Value, element: SchemaType, size: number | null, fit: Fit): boolean {
  if (value instanceof ListValue) return value.content.every((item) => fits(item, element, fit));
  if (value instanceof TupleValue) return fit === "converted" && value.items.every((item) => fits(item, element, fit));
  return size !== null && fits(value, element, fit);
}

const isSymbolic = (value: Value, ...types: SymbolicScalar["type"][]) =>
  value instanceof SymbolicScalar && types.includes(value.type);
const isSingle = (value: Value, fit: Fit) =>
  fit === "converted" && value instanceof TensorValue && mayEqual(value.count, 1) && !isComplex(value.dtype);

const isNumber = (value: Value) =>
  typeof value === "bigint" || typeof value === "number" || value instanceof SymbolicScalar;

const tests: Readonly<Record<string, ((value: Value, fit: Fit) => boolean) | undefined>> = {
  Tensor: (value, fit) =>
    value instanceof TensorValue || (fit === "converted" && (isNumber(value) || typeof value === "boolean")),
  int: (value, fit) =>
    typeof value === "bigint" ||
    isSymbolic(value, "int") ||
    (fit === "converted" && typeof value === "boolean") ||
    isSingle(value, fit),
  float: (value, fit) =>
    typeof value === "number" ||
    isSymbolic(value, "float") ||
    (fit === "converted" && (typeof value === "bigint" || isSymbolic(value, "int"))) ||
    isSingle(value, fit),
  bool: (value, fit) => typeof value === "boolean" || isSymbolic(value, "bool") || isSingle(value, fit),
  Scalar: (value, fit) =>
    isNumber(value) || isComplexNumber(value) || typeof value === "boolean" || isSingle(value, fit),
  number: (value, fit) => isNumber(value) || typeof value === "boolean" || isSingle(value, fit),
  complex: () => false,
  AnyEnumType: (value) => value instanceof EnumMember,
  str: (value) => typeof value === "string",
  Device: (value) => value instanceof DeviceValue || typeof value === "string",
  ScalarType: (value) => typeof value === "bigint",
  Layout: (value) => typeof value === "bigint",
  MemoryFormat: (value) => typeof value === "bigint",
  Dict: (value) => value instanceof DictValue,
  Generator: () => false,
};
