import type { Expression } from "../language/syntax.ts";
import { TensorValue } from "../tensor-value.ts";
import {
  DeviceValue,
  DictValue,
  ListValue,
  ObjectValue,
  SymbolicScalar,
  TupleValue,
  UninitializedValue,
  type Value,
} from "../value.ts";

/** A type as text, for messages and for telling what a parameter takes: `List[Tensor]`. */
export function typeText(type: Expression | null): string {
  if (type === null) return "Tensor";
  if (type.kind === "name" || type.kind === "path") return type.name;
  if (type.kind === "literal") return String(type.value);
  if (type.kind === "attribute") return `${typeText(type.of)}.${type.name}`;
  if (type.kind === "tuple" || type.kind === "list") return type.items.map(typeText).join(", ");
  if (type.kind === "subscript") return `${typeText(type.of)}[${typeText(type.index)}]`;
  return "?";
}

/** The arguments of `List[T]`, `Dict[K, V]`, `Tuple[A, B]`, `Optional[T]`. */
export function typeArguments(type: Expression): readonly Expression[] {
  if (type.kind !== "subscript") return [];
  return type.index.kind === "tuple" ? type.index.items : [type.index];
}

const simple: Readonly<Record<string, (value: Value) => boolean>> = {
  Tensor: (value) => value instanceof TensorValue,
  "torch.Tensor": (value) => value instanceof TensorValue,
  int: (value) => typeof value === "bigint" || (value instanceof SymbolicScalar && value.type === "int"),
  float: (value) => typeof value === "number" || (value instanceof SymbolicScalar && value.type === "float"),
  bool: (value) => typeof value === "boolean" || (value instanceof SymbolicScalar && value.type === "bool"),
  number: (value) => typeof value === "number" || typeof value === "bigint" || value instanceof SymbolicScalar,
  str: (value) => typeof value === "string",
  NoneType: (value) => value === null,
  None: (value) => value === null,
  Device: (value) => value instanceof DeviceValue,
  Any: () => true,
  list: (value) => value instanceof ListValue,
  tuple: (value) => value instanceof TupleValue,
};

/** `isinstance`, with the types of the serialised language. Element types of containers are looked at, too. */
export function isInstance(value: Value, type: Expression): boolean {
  if (type.kind === "tuple" || type.kind === "list") return type.items.some((item) => isInstance(value, item));
  if (value instanceof UninitializedValue) return value.type === typeText(type);
  if (type.kind === "literal") return type.value === null && value === null;
  if (type.kind === "subscript") return isContainer(value, type);
  const name = typeText(type);
  const test = Object.hasOwn(simple, name) ? simple[name] : undefined;
  if (test !== undefined) return test(value);
  if (value instanceof ObjectValue) return value.type === name;
  return value instanceof TupleValue && value.type === name;
}

function isContainer(value: Value, type: Expression & { kind: "subscript" }): boolean {
  const items = typeArguments(type);
  switch (typeText(type.of)) {
    case "Optional":
      return value === null || isInstance(value, items[0]);
    case "Union":
      return items.some((item) => isInstance(value, item));
    case "List":
      return value instanceof ListValue && value.content.every((item) => isInstance(item, items[0]));
    case "Tuple":
      return (
        value instanceof TupleValue &&
        value.items.length === items.length &&
        value.items.every((item, i) => isInstance(item, items[i]))
      );
    case "Dict":
      return (
        value instanceof DictValue &&
        [...value.content.values()].every(([key, item]) => isInstance(key, items[0]) && isInstance(item, items[1]))
      );
    default:
      return true;
  }
}
