import type { DType } from "../graph/dtype.ts";
import type { Builder } from "./builder.ts";
import type { Extent } from "./extent.ts";
import { invalid, unsupported } from "./lowering-error.ts";
import type { Schema, SchemaArgument } from "./schema.ts";
import { knownItems } from "./stacked-list.ts";
import { dtypeOfScalarType } from "./scalar-type.ts";
import { TensorValue } from "./tensor-value.ts";
import { DeviceValue, DictValue, ListValue, type Scalar, SymbolicScalar, TupleValue, type Value } from "./value.ts";

/** One call of an operator: arguments by the names of the schema that fitted, defaults filled in. */
export class Call {
  readonly name: string;
  readonly overload: string;
  readonly #schema: Schema;
  readonly #values: ReadonlyMap<string, Value>;
  readonly #builder: Builder;

  constructor(schema: Schema, values: ReadonlyMap<string, Value>, builder: Builder) {
    this.name = schema.name;
    this.overload = schema.overload;
    this.#schema = schema;
    this.#values = values;
    this.#builder = builder;
  }

  /** The same call with other arguments in the place of some. */
  with(changes: ReadonlyMap<string, Value>): Call {
    return new Call(this.#schema, new Map([...this.#values, ...changes]), this.#builder);
  }

  /** Whether the overload that was chosen has this argument. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The argument as it came. */
  value(name: string): Value {
    const value = this.#values.get(name);
    if (value === undefined) throw invalid(`${this.name} has no argument ${name}`);
    return value;
  }

  /** Null for None, and for an argument that this overload does not have. */
  #given(name: string): Value {
    return this.#values.get(name) ?? null;
  }

  tensor(name: string): TensorValue {
    const value = this.optionalTensor(name);
    if (value === null) throw this.#wrong(name, "a tensor");
    return value;
  }

  optionalTensor(name: string): TensorValue | null {
    const value = this.#given(name);
    if (value === null || value instanceof TensorValue) return value;
    const scalar = asScalar(value);
    if (scalar !== null) return this.#builder.wrapScalar(scalar);
    throw this.#wrong(name, "a tensor");
  }

  tensors(name: string): TensorValue[] {
    return this.optionalTensors(name).map((item) => {
      if (item === null) throw this.#wrong(name, "a list of tensors");
      return item;
    });
  }

  /** `Tensor?[]`, for example the indices of aten::index. */
  optionalTensors(name: string): (TensorValue | null)[] {
    return itemsOf(this.#given(name)).map((item) => {
      if (item === null || item instanceof TensorValue) return item;
      const scalar = asScalar(item);
      if (scalar === null) throw this.#wrong(name, "a list of tensors");
      return this.#builder.wrapScalar(scalar);
    });
  }

  int(name: string): number {
    const value = this.optionalInt(name);
    if (value === null) throw this.#wrong(name, "an int");
    return value;
  }

  optionalInt(name: string): number | null {
    const value = this.#given(name);
    return value === null ? null : this.#toInt(name, value);
  }

  /** A list of ints; a single int is spread to the N of the schema's `int[N]`. */
  ints(name: string): number[] {
    const value = this.optionalInts(name);
    if (value === null) throw this.#wrong(name, "a list of ints");
    return value;
  }

  optionalInts(name: string): number[] | null {
    const value = this.#given(name);
    if (value === null) return null;
    if (value instanceof ListValue || value instanceof TupleValue) {
      return itemsOf(value).map((item) => this.#toInt(name, item));
    }
    const size = this.#argument(name)?.type.size ?? 1;
    return Array.from<number>({ length: size }).fill(this.#toInt(name, value));
  }

  /** A size, which may depend on tensor values. */
  extent(name: string): Extent {
    const value = this.optionalExtent(name);
    if (value === null) throw this.#wrong(name, "an int");
    return value;
  }

  optionalExtent(name: string): Extent | null {
    const value = this.#given(name);
    return value === null ? null : this.#toExtent(name, value);
  }

  /** A list of sizes, any of which may depend on tensor values. */
  extents(name: string): Extent[] {
    const value = this.#given(name);
    if (value instanceof ListValue || value instanceof TupleValue) {
      return itemsOf(value).map((item) => this.#toExtent(name, item));
    }
    return this.ints(name);
  }

  float(name: string): number {
    const value = this.optionalFloat(name);
    if (value === null) throw this.#wrong(name, "a float");
    return value;
  }

  optionalFloat(name: string): number | null {
    const value = this.#given(name);
    return value === null ? null : Number(this.#concrete(name, value));
  }

  floats(name: string): number[] {
    return itemsOf(this.#given(name)).map((item) => Number(this.#concrete(name, item)));
  }

  optionalFloats(name: string): number[] | null {
    return this.#given(name) === null ? null : this.floats(name);
  }

  bool(name: string): boolean {
    return this.optionalBool(name) ?? false;
  }

  optionalBool(name: string): boolean | null {
    const value = this.#given(name);
    return value === null ? null : Boolean(this.#concrete(name, value));
  }

  string(name: string): string {
    const value = this.optionalString(name);
    if (value === null) throw this.#wrong(name, "a str");
    return value;
  }

  optionalString(name: string): string | null {
    const value = this.#given(name);
    if (value === null || typeof value === "string") return value;
    if (value instanceof DeviceValue) return value.name;
    throw this.#wrong(name, "a str");
  }

  /** A number that is known; throws for one that depends on tensor values (use `operand` for those). */
  scalar(name: string): Scalar {
    return this.#concrete(name, this.#given(name));
  }

  optionalScalar(name: string): Scalar | null {
    const value = this.#given(name);
    return value === null ? null : this.#concrete(name, value);
  }

  /** A tensor, or a number as a 0-dim tensor that is weak in type promotion. */
  operand(name: string): TensorValue {
    return this.tensor(name);
  }

  optionalOperand(name: string): TensorValue | null {
    return this.optionalTensor(name);
  }

  /** The element type that a `ScalarType` argument names; null for None. */
  dtype(name: string): DType | null {
    const code = this.optionalInt(name);
    return code === null ? null : dtypeOfScalarType(code);
  }

  list(name: string): readonly Value[] {
    return itemsOf(this.#given(name));
  }

  dict(name: string): DictValue {
    const value = this.#given(name);
    if (value instanceof DictValue) return value;
    throw this.#wrong(name, "a dict");
  }

  #toInt(name: string, value: Value): number {
    const scalar = this.#concrete(name, value);
    if (typeof scalar === "number" && !Number.isInteger(scalar)) throw this.#wrong(name, "an int");
    return Number(scalar);
  }

  #toExtent(name: string, value: Value): Extent {
    const tensor = value instanceof SymbolicScalar ? value.tensor : value;
    if (!(tensor instanceof TensorValue) || this.#builder.known(tensor) !== null) {
      return Math.min(Math.max(this.#toInt(name, value), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
    }
    return this.#builder.read(this.#builder.reshape(this.#builder.cast(tensor, "int64"), []));
  }

  #concrete(name: string, value: Value): Scalar {
    if (typeof value === "bigint" || typeof value === "number" || typeof value === "boolean") return value;
    const tensor = value instanceof SymbolicScalar ? value.tensor : value;
    if (tensor instanceof TensorValue) {
      const known = this.#builder.known(tensor);
      const first = known?.[0];
      if (known?.length === 1 && first !== undefined) return tensor.dtype === "bool" ? first !== 0n : first;
      throw unsupported(`${this.name}: ${name} depends on the values of a tensor`);
    }
    throw this.#wrong(name, "a number");
  }

  #argument(name: string): SchemaArgument | undefined {
    return this.#schema.arguments.find((argument) => argument.name === name);
  }

  #wrong(name: string, expected: string): Error {
    return invalid(`${this.name}: argument ${name} is not ${expected}`);
  }
}

function itemsOf(value: Value): readonly Value[] {
  if (value instanceof ListValue) return knownItems(value);
  if (value instanceof TupleValue) return value.items;
  if (value === null) return [];
  return [value];
}

function asScalar(value: Value): Scalar | SymbolicScalar | null {
  if (typeof value === "bigint" || typeof value === "number" || typeof value === "boolean") return value;
  return value instanceof SymbolicScalar ? value : null;
}
