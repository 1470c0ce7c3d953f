import type { DType } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import { isComplex } from "../promotion.ts";
import { GraphValue, type TensorValue } from "../tensor-value.ts";
import type { Maths } from "./maths.ts";

/** Real and imaginary part of a complex tensor. */
export interface Parts {
  readonly re: TensorValue;
  readonly im: TensorValue;
}

/** The floats that a complex tensor is stored as: a last axis of 2. */
export function viewAsReal(builder: Builder, tensor: TensorValue): TensorValue {
  const value = builder.read(tensor);
  return builder.wrap(relabelled(builder, value, realType(value.dtype), [...value.shape, 2]));
}

/** A complex tensor from floats with a last axis of 2. */
export function viewAsComplex(builder: Builder, tensor: TensorValue): TensorValue {
  const value = builder.read(tensor);
  const dtype = value.dtype === "float64" ? "complex128" : "complex64";
  return builder.wrap(relabelled(builder, value, dtype, value.shape.slice(0, -1)));
}

function relabelled(builder: Builder, value: GraphValue, dtype: DType, shape: readonly number[]): GraphValue {
  const { scope } = value;
  // A complex constant or weight gets its name as floats, in which the file stores it.
  const floats = value.name === "" && isComplex(value.dtype) ? asFloats(value) : value;
  const name = builder.graph.nameOf(floats);
  return new GraphValue(dtype, shape, scope === null ? { name } : { name, scope });
}

function asFloats(value: GraphValue): GraphValue {
  const origin = value.located === null ? { known: value.known } : { located: value.located };
  return new GraphValue(realType(value.dtype), [...value.shape, 2], origin);
}

/** The type of a complex number's parts; other types stay. */
export function realType(dtype: DType): DType {
  if (dtype === "complex64") return "float32";
  return dtype === "complex128" ? "float64" : dtype;
}

/** Parts of a tensor; a real one has the imaginary part 0. */
export function partsOf(builder: Builder, tensor: TensorValue, dtype?: DType): Parts {
  if (!isComplex(tensor.dtype)) {
    const re = dtype === undefined ? tensor : builder.cast(tensor, dtype);
    return { re, im: builder.full(re.dtype, 0, re.shape) };
  }
  const pairs = viewAsReal(builder, tensor);
  const cast = dtype === undefined ? pairs : builder.cast(pairs, dtype);
  const part = (at: bigint) =>
    builder.emit(
      "Gather",
      [cast, builder.constant("int64", [], [at])],
      { axis: cast.rank - 1 },
      { dtype: cast.dtype, shape: tensor.shape },
    );
  return { re: part(0n), im: part(1n) };
}

/** The tensor in another type, complex ones included. */
export function convert(builder: Builder, x: TensorValue, dtype: DType): TensorValue {
  if (x.dtype === dtype || (!isComplex(dtype) && !isComplex(x.dtype))) return builder.cast(x, dtype);
  if (dtype === "bool") {
    const [re, im] = Object.values(partsOf(builder, x)).map((part) => builder.cast(part, "bool"));
    return builder.emit("Or", [re, im], {}, { dtype, shape: x.shape });
  }
  if (!isComplex(dtype)) return builder.cast(partsOf(builder, x).re, dtype);
  if (isComplex(x.dtype)) return viewAsComplex(builder, builder.cast(viewAsReal(builder, x), realType(dtype)));
  const column = builder.unsqueeze(builder.cast(x, realType(dtype)), [x.rank]);
  const pads = builder.ints([...Array.from<number>({ length: 2 * x.rank + 1 }).fill(0), 1]);
  const pairs = builder.emit("Pad", [column, pads], {}, { dtype: column.dtype, shape: [...x.shape, 2] });
  return viewAsComplex(builder, pairs);
}

/** A complex tensor of its parts, which are broadcast. */
export function complexOf(m: Maths, { re, im }: Parts): TensorValue {
  const { builder } = m;
  const zero = m.mul(m.add(re, im), 0);
  const shape = zero.shape;
  const last = [shape.length];
  const a = builder.unsqueeze(builder.expand(re, shape), last);
  const b = builder.unsqueeze(builder.expand(im, shape), last);
  return viewAsComplex(builder, builder.concat([a, b], shape.length));
}

export function multiplyParts(m: Maths, a: Parts, b: Parts): Parts {
  return {
    re: m.sub(m.mul(a.re, b.re), m.mul(a.im, b.im)),
    im: m.add(m.mul(a.re, b.im), m.mul(a.im, b.re)),
  };
}

export function divideParts(m: Maths, a: Parts, b: Parts): Parts {
  const size = m.add(m.square(b.re), m.square(b.im));
  const product = multiplyParts(m, a, { re: b.re, im: m.neg(b.im) });
  return { re: m.div(product.re, size), im: m.div(product.im, size) };
}
