import { complexNumber } from "../complex-number.ts";
import { unsupported, invalid } from "../lowering-error.ts";
import { TensorValue } from "../tensor-value.ts";
import { DeviceValue, DictValue, ListValue, type Value } from "../value.ts";
import { bigintOf, integerOf, JsonObject, listOf, numberOf, stringOf } from "./json.ts";
import { layoutOf, memoryFormatOf } from "./numbering.ts";

/** Values of the graph by their names. */
export type Environment = Map<string, Value>;

type Reader = (value: unknown, environment: Environment) => Value;

const what = "an argument";

const listReader =
  (reader: Reader): Reader =>
  (value, environment) =>
    new ListValue(listOf(value, what).map((item) => reader(item, environment)));

const int: Reader = (value) => bigintOf(value, what);
const float: Reader = (value) => numberOf(value, what);
const string: Reader = (value) => stringOf(value, what);
const bool: Reader = (value) => {
  if (typeof value !== "boolean") throw invalid("an argument is not a bool");
  return value;
};
const none: Reader = () => null;
/** `{"name": "x"}`; the optional tensors of torch 2.1 and 2.2 are plain names. */
const named: Reader = (value, environment) =>
  lookUp(typeof value === "string" ? value : JsonObject.of(value, what).string("name"), environment);
/** `{"as_name": "s0"}` or `{"as_int": 3}`, and the other unions within unions. */
const union: Reader = (value, environment) => argumentValue(value, environment);
const name: Reader = (value, environment) => lookUp(stringOf(value, what), environment);

/** Every member of the unions `Argument`, `SymIntArgument`, `OptionalTensorArgument` and `ConstantValue`. */
const readers: Readonly<Record<string, Reader>> = {
  as_none: none,
  as_name: name,
  as_tensor: named,
  as_tensors: listReader(named),
  as_nested_tensors: listReader(listReader(named)),
  as_optional_tensor: union,
  as_optional_tensors: listReader(union),
  as_int: int,
  as_ints: listReader(int),
  as_int_lists: listReader(listReader(int)),
  as_float: float,
  as_floats: listReader(float),
  as_float_lists: listReader(listReader(float)),
  as_bool: bool,
  as_complex(value) {
    const number = JsonObject.of(value, what);
    return complexNumber(numberOf(number.value("real"), what), numberOf(number.value("imag"), what));
  },
  as_bools: listReader(bool),
  as_string: string,
  as_strings: listReader(string),
  as_sym_int: union,
  as_sym_ints: listReader(union),
  as_sym_float: union,
  as_sym_floats: listReader(union),
  as_sym_bool: union,
  as_sym_bools: listReader(union),
  as_scalar_type: (value) => scalarTypeArgument(integerOf(value, what)),
  as_memory_format: (value) => memoryFormatOf(integerOf(value, what)),
  as_layout: (value) => layoutOf(integerOf(value, what)),
  as_device: deviceOf,
  as_operator: string,
  as_string_to_argument: (value, environment) =>
    new DictValue(
      [...JsonObject.of(value, what).entries].map(([key, item]) => [key, argumentValue(item, environment)] as const),
    ),
};

/** The value of an argument. Throws LoweringError for kinds that have none here (graphs, custom objects). */
export function argumentValue(argument: unknown, environment: Environment): Value {
  const [kind, value] = JsonObject.of(argument, what).union();
  const reader = Object.hasOwn(readers, kind) ? readers[kind] : undefined;
  if (reader === undefined) throw unsupported(`an argument of the kind ${kind}`);
  return reader(value, environment);
}

/** The numbers of `c10::ScalarType` for those of torch.export's schema. */
const scalarTypes: readonly number[] = [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15];

function scalarTypeArgument(code: number): bigint {
  if (code === 28) return 27n;
  if (code === 34) return 28n;
  if (code === 35) return 29n;
  const number = scalarTypes[code] ?? -1;
  if (number < 0) throw unsupported(`the element type with number ${code} of torch.export`);
  return BigInt(number);
}

function deviceOf(value: unknown): Value {
  const device = JsonObject.of(value, "a device");
  const index = device.has("index") ? `:${device.integer("index")}` : "";
  return new DeviceValue(`${device.string("type")}${index}`);
}

export function lookUp(key: string, environment: Environment): Value {
  const value = environment.get(key);
  if (value === undefined) throw invalid(`the graph uses ${key} before it has a value`);
  return value;
}

/** Gives the results of a node their names. A node with several outputs returned a tuple or list. */
export function bindOutputs(outputs: readonly unknown[], result: Value, environment: Environment): void {
  const [only] = outputs;
  if (outputs.length === 0) return;
  if (outputs.length === 1) {
    bindOutput(only, result, environment);
    return;
  }
  const items = itemsOf(result, outputs.length);
  outputs.forEach((output, i) => bindOutput(output, items[i] ?? null, environment));
}

function bindOutput(output: unknown, result: Value, environment: Environment): void {
  const [kind, value] = JsonObject.of(output, "an output").union();
  if (kind === "as_none") return;
  if (kind === "as_tensors" || kind === "as_optional_tensors" || kind === "as_sym_ints") {
    const names = listOf(value, "an output");
    const items = itemsOf(result, names.length);
    names.forEach((item, i) => bindName(item, items[i] ?? null, environment));
  } else bindName(value, result, environment);
}

/** `{"name": "add"}`, `{"as_name": "item"}` or `{"as_tensor": {"name": "add"}}`. */
function bindName(output: unknown, result: Value, environment: Environment): void {
  const target = JsonObject.of(output, "an output");
  if (target.has("name")) environment.set(target.string("name"), result);
  else if (target.has("as_name")) environment.set(target.string("as_name"), result);
  else if (target.has("as_tensor")) environment.set(target.object("as_tensor").string("name"), result);
}

/** The `count` parts of a result; an unknown result is unknown in all parts. */
function itemsOf(result: Value, count: number): readonly Value[] {
  if (result instanceof ListValue) return result.content;
  if (typeof result === "object" && result !== null && "items" in result) return result.items;
  if (count === 1) return [result];
  if (result instanceof TensorValue) throw invalid("one tensor where several are bound");
  return Array.from({ length: count }, () => result);
}
