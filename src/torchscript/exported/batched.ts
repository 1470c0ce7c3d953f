import { callOperator } from "../binding.ts";
import type { Builder } from "../builder.ts";
import { invalid, unsupported } from "../lowering-error.ts";
import { normalizeDim } from "../promotion.ts";
import { TensorValue } from "../tensor-value.ts";
import { ListValue, TupleValue, type Value } from "../value.ts";

/**
 * What a function under `torch.vmap` sees of a tensor: one example, for all of a batch at once. The levels (the outer
 * one first) are the leading dimensions of the tensor that holds them all.
 */
export class Batched extends TupleValue {
  readonly tensor: TensorValue;
  readonly levels: readonly number[];

  constructor(tensor: TensorValue, levels: readonly number[]) {
    super([]);
    this.tensor = tensor;
    this.levels = levels;
  }

  /** Dimensions of one example. */
  get rank(): number {
    return this.tensor.rank - this.levels.length;
  }
}

/** Examples that are computed one by one, where an operator cannot take them together. */
const mostExamples = 1024;

/** Operators that treat each element by itself, and broadcast. */
const elementwise: ReadonlySet<string> = new Set(
  (
    "add sub mul div rsub pow true_divide floor_divide remainder fmod neg abs sign exp exp2 expm1 log log2 log10 log1p sqrt " +
    "rsqrt square reciprocal sin cos tan asin acos atan sinh cosh tanh sigmoid relu relu6 gelu silu mish elu selu softplus " +
    "leaky_relu hardtanh hardswish hardsigmoid erf erfc floor ceil round trunc frac eq ne lt le gt ge less less_equal greater " +
    "greater_equal not_equal logical_and logical_or logical_xor logical_not bitwise_and bitwise_or bitwise_xor bitwise_not " +
    "__and__ __or__ __xor__ maximum minimum clamp clamp_min clamp_max where masked_fill lerp addcmul addcdiv atan2 isnan isinf " +
    "isfinite to _to_copy clone detach alias lift_fresh_copy type_as nan_to_num"
  )
    .split(" ")
    .map((name) => `aten::${name}`),
);

function permuted(builder: Builder, tensor: TensorValue, from: number, to: number): TensorValue {
  const order = tensor.shape.map((_, axis) => axis).filter((axis) => axis !== from);
  order.splice(to, 0, from);
  return builder.transpose(tensor, order);
}

/** `_add_batch_dim(x, dim, level)`. */
function addLevel(builder: Builder, value: Value, dim: number, level: number): Batched {
  const [tensor, levels] = value instanceof Batched ? [value.tensor, value.levels] : [value, []];
  if (!(tensor instanceof TensorValue)) throw invalid("vmap over something that is no tensor");
  const from = levels.length + normalizeDim(dim, tensor.rank - levels.length);
  return new Batched(permuted(builder, tensor, from, levels.length), [...levels, level]);
}

/** `_remove_batch_dim(x, level, size, dim)`: a value that does not depend on the example is the same for all. */
function removeLevel(builder: Builder, value: Value, level: number, size: number, dim: number): Value {
  if (value instanceof ListValue || (value instanceof TupleValue && !(value instanceof Batched))) {
    const items = value instanceof ListValue ? value.content : value.items;
    return new ListValue(items.map((item) => removeLevel(builder, item, level, size, dim)));
  }
  const levels = value instanceof Batched ? value.levels : [];
  const tensor = value instanceof Batched ? value.tensor : value;
  if (!(tensor instanceof TensorValue)) throw invalid("vmap of something that is no tensor");
  const others = levels.filter((one) => one !== level);
  const rank = tensor.rank - levels.length + 1;
  const at = others.length + normalizeDim(dim, rank);
  const index = levels.indexOf(level);
  if (index < 0) {
    const wide = builder.unsqueeze(tensor, [at]);
    return asValue(builder.expand(wide, wide.shape.with(at, size)), others);
  }
  return asValue(permuted(builder, tensor, index, at), others);
}

function asValue(tensor: TensorValue, levels: readonly number[]): Value {
  return levels.length === 0 ? tensor : new Batched(tensor, levels);
}

/** The functions that surround a vmapped function in programs exported before dispatch; null for others. */
export function vmapFunction(target: string): ((args: readonly Value[], builder: Builder) => Value) | null {
  const name = /^torch\._functorch\.predispatch\.(\w+)$/.exec(target)?.[1];
  switch (name) {
    case "lazy_load_decompositions":
    case "_vmap_increment_nesting":
    case "_vmap_decrement_nesting":
      return () => null;
    case "_add_batch_dim":
      return ([value = null, dim, level], builder) => addLevel(builder, value, Number(dim), Number(level));
    case "_remove_batch_dim":
      return ([value = null, level, size, dim], builder) =>
        removeLevel(builder, value, Number(level), Number(size), Number(dim));
    default:
      return null;
  }
}

function levelsIn(value: Value): readonly number[] {
  if (value instanceof Batched) return value.levels;
  if (value instanceof ListValue) return value.content.flatMap(levelsIn);
  return value instanceof TupleValue ? value.items.flatMap(levelsIn) : [];
}

function mapped(value: Value, change: (value: Value) => Value): Value {
  if (value instanceof Batched || value instanceof TensorValue) return change(value);
  return value instanceof ListValue ? new ListValue(value.content.map((item) => mapped(item, change))) : value;
}

/** One example of each, for what looks at sizes alone. */
export function exampleOf(value: Value, builder: Builder): Value {
  return mapped(value, (one) =>
    one instanceof Batched ? one.levels.reduce<Value>((rest) => selected(builder, rest, 0, 0), one) : one,
  );
}

/** The example at a place along the outermost level. */
function selected(builder: Builder, value: Value, place: number, axis: number): Value {
  if (!(value instanceof Batched)) return value;
  const args = [value.tensor, BigInt(axis), BigInt(place)];
  const tensor = callOperator("aten::select", "int", args, new Map(), builder);
  if (!(tensor instanceof TensorValue)) throw invalid("a selection that is no tensor");
  return asValue(tensor, value.levels.toSpliced(axis, 1));
}

/** Calls an operator whose arguments may be batched. */
export function callBatched(
  name: string,
  overload: string,
  positional: readonly Value[],
  keyword: ReadonlyMap<string, Value>,
  builder: Builder,
): Value {
  const levels = [...new Set([...positional, ...keyword.values()].flatMap(levelsIn))].sort((a, b) => a - b);
  if (levels.length === 0) return callOperator(name, overload, positional, keyword, builder);
  if (name.endsWith("_") && !name.endsWith("__")) throw unsupported(`${name} under vmap`);
  const all = (change: (value: Value) => Value) => ({
    positional: positional.map((value) => mapped(value, change)),
    keyword: new Map([...keyword].map(([key, value]) => [key, mapped(value, change)] as const)),
  });
  if (elementwise.has(name) || isLookUp(name, positional)) {
    const data = elementwise.has(name) ? null : positional[0];
    const counted = [...positional, ...keyword.values()].filter((value) => value !== data);
    const rank = Math.max(...counted.flatMap(ranksIn));
    const call = all((value) => (value === data ? value : aligned(builder, value, levels, rank)));
    return batchedResult(callOperator(name, overload, call.positional, call.keyword, builder), levels);
  }
  return oneByOne(
    levels,
    builder,
    (place) => {
      const call = all((value) =>
        value instanceof Batched && value.levels[0] === levels[0] ? selected(builder, value, place, 0) : value,
      );
      return callBatched(name, overload, call.positional, call.keyword, builder);
    },
    sizeOf(levels[0], [...positional, ...keyword.values()]),
  );
}

/** `x[i, j]` of a tensor that is the same for all examples, by indices that are not. */
function isLookUp(name: string, [data, indices]: readonly Value[]): boolean {
  if (name !== "aten::index" || !(data instanceof TensorValue) || !(indices instanceof ListValue)) return false;
  return indices.content.every((index) => {
    const tensor = index instanceof Batched ? index.tensor : index;
    return tensor instanceof TensorValue && tensor.dtype === "int64";
  });
}

function ranksIn(value: Value): number[] {
  if (value instanceof Batched || value instanceof TensorValue) return [value.rank];
  return value instanceof ListValue ? value.content.flatMap(ranksIn) : [];
}

/** With all levels in front (of size 1 where the value does not depend on them), then the dimensions of an example. */
function aligned(builder: Builder, value: Value, levels: readonly number[], rank: number): Value {
  if (!(value instanceof Batched)) return value;
  const sizes = levels.map((level) => {
    const at = value.levels.indexOf(level);
    return at < 0 ? 1 : value.tensor.shape[at];
  });
  const padding = Array.from<number>({ length: rank - value.rank }).fill(1);
  return builder.reshape(value.tensor, [...sizes, ...padding, ...value.tensor.shape.slice(value.levels.length)]);
}

function batchedResult(result: Value, levels: readonly number[]): Value {
  if (!(result instanceof TensorValue)) throw unsupported("an operator with several results under vmap");
  return new Batched(result, levels);
}

function sizeOf(level: number, values: readonly Value[]): number {
  for (const value of values) {
    if (value instanceof Batched && value.levels[0] === level) return value.tensor.shape[0];
    const inner = value instanceof ListValue ? sizeOf(level, value.content) : 0;
    if (inner > 0) return inner;
  }
  return 0;
}

function oneByOne(levels: readonly number[], builder: Builder, call: (place: number) => Value, size: number): Value {
  if (size > mostExamples) throw unsupported(`vmap over ${size} examples`);
  return together(
    Array.from({ length: size }, (_, place) => call(place)),
    levels[0],
    builder,
  );
}

/** The results of all examples as one: tensors stacked, tuples and lists item by item. */
function together(results: readonly Value[], level: number, builder: Builder): Value {
  const [first] = results;
  const itemsOf = (value: Value): readonly Value[] | null => {
    if (value instanceof ListValue) return value.content;
    return value instanceof TupleValue && !(value instanceof Batched) ? value.items : null;
  };
  const items = itemsOf(first ?? null);
  if (items !== null) {
    const parts = items.map((_, i) =>
      together(
        results.map((result) => itemsOf(result)?.[i] ?? null),
        level,
        builder,
      ),
    );
    return first instanceof ListValue ? new ListValue(parts) : new TupleValue(parts);
  }
  const inner = first instanceof Batched ? first.levels : [];
  const tensors = results.map((result) => (result instanceof Batched ? result.tensor : result));
  if (!tensors.every((tensor) => tensor instanceof TensorValue)) return first ?? null;
  const stacked = builder.concat(
    tensors.map((tensor) => builder.unsqueeze(tensor, [0])),
    0,
  );
  return new Batched(stacked, [level, ...inner]);
}
