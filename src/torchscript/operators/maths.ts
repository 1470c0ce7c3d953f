import type { DType } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import { broadcastShapes, isComplex, isFloating, resultType } from "../promotion.ts";
import { unsupported } from "../lowering-error.ts";
import { TensorValue } from "../tensor-value.ts";
import { complexOf, convert, divideParts, multiplyParts, partsOf } from "./complex.ts";

/** A tensor, or a number that takes the other operand's element type. */
export type Term = TensorValue | number;

/** Formulas over tensors: broadcasting and promotion as in PyTorch, numbers are weak. */
export class Maths {
  readonly builder: Builder;

  constructor(builder: Builder) {
    this.builder = builder;
  }

  add = (a: Term, b: Term): TensorValue => this.#binary("Add", a, b);
  sub = (a: Term, b: Term): TensorValue => this.#binary("Sub", a, b);
  mul = (a: Term, b: Term): TensorValue => this.#binary("Mul", a, b);
  div = (a: Term, b: Term): TensorValue => this.#binary("Div", a, b);
  pow = (a: Term, b: Term): TensorValue => this.#binary("Pow", a, b);
  max = (a: Term, b: Term): TensorValue => this.#binary("Max", a, b);
  min = (a: Term, b: Term): TensorValue => this.#binary("Min", a, b);
  fmod = (a: Term, b: Term): TensorValue => this.#binary("Mod", a, b, { fmod: 1 });
  equal = (a: Term, b: Term): TensorValue => this.#binary("Equal", a, b, {}, "bool");
  less = (a: Term, b: Term): TensorValue => this.#binary("Less", a, b, {}, "bool");
  lessEqual = (a: Term, b: Term): TensorValue => this.#binary("LessOrEqual", a, b, {}, "bool");
  greater = (a: Term, b: Term): TensorValue => this.#binary("Greater", a, b, {}, "bool");
  greaterEqual = (a: Term, b: Term): TensorValue => this.#binary("GreaterOrEqual", a, b, {}, "bool");
  and = (a: TensorValue, b: TensorValue): TensorValue => this.#binary("And", a, b);
  or = (a: TensorValue, b: TensorValue): TensorValue => this.#binary("Or", a, b);
  xor = (a: TensorValue, b: TensorValue): TensorValue => this.#binary("Xor", a, b);

  not = (a: TensorValue): TensorValue => this.unary("Not", a);
  exp = (a: TensorValue): TensorValue => this.unary("Exp", a);
  log = (a: TensorValue): TensorValue => this.unary("Log", a);
  sqrt = (a: TensorValue): TensorValue => this.unary("Sqrt", a);
  abs = (a: TensorValue): TensorValue => this.unary("Abs", a);
  floor = (a: TensorValue): TensorValue => this.unary("Floor", a);
  round = (a: TensorValue): TensorValue => this.unary("Round", a);
  sin = (a: TensorValue): TensorValue => this.unary("Sin", a);
  cos = (a: TensorValue): TensorValue => this.unary("Cos", a);
  sigmoid = (a: TensorValue): TensorValue => this.unary("Sigmoid", a);
  tanh = (a: TensorValue): TensorValue => this.unary("Tanh", a);
  sign = (a: TensorValue): TensorValue => this.unary("Sign", a);
  square = (a: TensorValue): TensorValue => this.mul(a, a);

  /** Works for unsigned types too, which wrap around. */
  neg = (a: TensorValue): TensorValue => (a.dtype.startsWith("u") ? this.sub(0, a) : this.unary("Neg", a));

  /** Towards zero. */
  trunc(a: TensorValue): TensorValue {
    return this.mul(this.sign(a), this.floor(this.abs(a)));
  }

  unary(op: string, a: TensorValue, dtype: DType = a.dtype): TensorValue {
    return this.builder.emit(op, [a], {}, { dtype, shape: a.shape });
  }

  /** Elements of `a` where the condition holds, of `b` elsewhere. */
  where(condition: TensorValue, a: Term, b: Term): TensorValue {
    const [x, y] = this.#pair(a, b);
    const shape = broadcastShapes(condition.shape, x.shape, y.shape);
    const flags = this.builder.cast(condition, "bool");
    const test = isComplex(x.dtype) ? this.builder.unsqueeze(flags, [flags.rank]) : flags;
    return this.builder.emit("Where", [test, x, y], {}, { dtype: x.dtype, shape });
  }

  /** c0 + c1·x + c2·x² + … */
  polynomial(x: TensorValue, coefficients: readonly number[]): TensorValue {
    const [last = 0, ...rest] = coefficients.toReversed();
    let sum = this.add(this.mul(x, 0), last);
    for (const coefficient of rest) sum = this.add(this.mul(sum, x), coefficient);
    return sum;
  }

  #binary(op: string, a: Term, b: Term, attributes: { fmod?: number } = {}, dtype?: DType): TensorValue {
    const pair = this.#pair(a, b);
    if (isComplex(pair[0].dtype)) return this.#complexBinary(op, ...pair);
    const shape = broadcastShapes(pair[0].shape, pair[1].shape);
    return this.builder.emit(op, pair, attributes, { dtype: dtype ?? pair[0].dtype, shape });
  }

  #complexBinary(op: string, a: TensorValue, b: TensorValue): TensorValue {
    if (op === "Add" || op === "Sub") {
      return this.builder.emit(op, [a, b], {}, { dtype: a.dtype, shape: broadcastShapes(a.shape, b.shape) });
    }
    const [x, y] = [partsOf(this.builder, a), partsOf(this.builder, b)];
    if (op === "Mul") return complexOf(this, multiplyParts(this, x, y));
    if (op === "Div") return complexOf(this, divideParts(this, x, y));
    if (op === "Equal") return this.and(this.equal(x.re, y.re), this.equal(x.im, y.im));
    throw unsupported(`${op} of complex numbers`);
  }

  #pair(a: Term, b: Term): [TensorValue, TensorValue] {
    if (a instanceof TensorValue && b instanceof TensorValue) {
      if (a.dtype === b.dtype) return [a, b];
      const dtype = resultType([a, b]);
      return [convert(this.builder, a, dtype), convert(this.builder, b, dtype)];
    }
    if (a instanceof TensorValue) return [a, this.#number(Number(b), a.dtype)];
    if (b instanceof TensorValue) return [this.#number(Number(a), b.dtype), b];
    return [this.builder.full("float32", Number(a)), this.builder.full("float32", Number(b))];
  }

  #number(x: number, dtype: DType): TensorValue {
    if (Number.isNaN(x)) throw unsupported("a formula of a size that depends on the values of a tensor");
    if (isComplex(dtype)) return convert(this.builder, this.builder.full("float64", x), dtype);
    return this.builder.full(dtype, x);
  }
}

/** Integers and bools become float32, PyTorch's default type; floats and complex numbers stay. */
export function toFloat(builder: Builder, tensor: TensorValue): TensorValue {
  return isFloating(tensor.dtype) || isComplex(tensor.dtype) ? tensor : builder.cast(tensor, "float32");
}
