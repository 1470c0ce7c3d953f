import type { DType } from "../../graph/dtype.ts";
import { elementCount } from "../../graph/dtype.ts";
import { broadcastIndices, type Elements, intAttribute, isFloat, type Known, type Rule, toElement } from "./rule.ts";

type Ints = (a: bigint, b: bigint) => bigint | boolean | null;
type Floats = (a: number, b: number) => number | boolean;

/** Null from `ints` (a division by zero) leaves the node to the engine. */
function binary(ints: Ints | null, floats: Floats | null): Rule {
  return ([a, b], _attributes, { dtype, shape }) => {
    if (!a || !b || (isFloat(a.dtype) ? floats : ints) === null) return null;
    const [left, right] = [broadcastIndices(a.shape, shape), broadcastIndices(b.shape, shape)];
    const elements: (bigint | number)[] = [];
    for (let i = 0; i < elementCount(shape); i++) {
      const [x, y] = [a.elements[left(i)], b.elements[right(i)]];
      const value =
        typeof x === "bigint" && typeof y === "bigint"
          ? (ints?.(x, y) ?? null)
          : (floats?.(Number(x), Number(y)) ?? null);
      if (value === null) return null;
      elements.push(toElement(value, dtype));
    }
    return elements;
  };
}

function unary(ints: ((a: bigint) => bigint | boolean) | null, floats: ((a: number) => number | boolean) | null): Rule {
  return ([a], _attributes, { dtype }) => {
    if (!a || (isFloat(a.dtype) ? floats : ints) === null) return null;
    return a.elements.map((x) => toElement((typeof x === "bigint" ? ints?.(x) : floats?.(x)) ?? 0, dtype));
  };
}

function many(ints: Ints, floats: Floats): Rule {
  const step = binary(ints, floats);
  return (inputs, attributes, result) => {
    let [total] = inputs;
    for (const input of inputs.slice(1)) {
      const elements: Elements | null = step([total, input], attributes, result);
      if (elements === null) return null;
      total = { dtype: result.dtype, shape: result.shape, elements };
    }
    return inputs.length === 1 ? (total?.elements ?? null) : (total?.elements ?? null);
  };
}

const modulo: Rule = (inputs, attributes, result) => {
  const truncating = intAttribute(attributes, "fmod", 0) === 1;
  const ints: Ints = (a, b) => {
    if (b === 0n) return null;
    const rest = a % b;
    return !truncating && rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
  };
  return binary(ints, truncating ? (a, b) => a % b : null)(inputs, attributes, result);
};

const where: Rule = ([condition, a, b], _attributes, { shape }) => {
  if (!condition || !a || !b) return null;
  const [test, left, right] = [condition, a, b].map((input) => broadcastIndices(input.shape, shape));
  return Array.from({ length: elementCount(shape) }, (_, i) =>
    condition.elements[test(i)] === 0n ? b.elements[right(i)] : a.elements[left(i)],
  );
};

/** ONNX casts floats to integers as C does; what C leaves open is left to the engine. */
const cast: Rule = ([a], _attributes, { dtype }) => {
  if (!a) return null;
  const wild = isFloat(a.dtype) && !isFloat(dtype) && dtype !== "bool";
  if (wild && a.elements.some((x) => !Number.isFinite(x) || Math.abs(Number(x)) >= 2 ** 31)) return null;
  return a.elements.map((x) => toElement(x, dtype));
};

const clip: Rule = ([a, low, high], _attributes, { dtype }) => {
  if (!a) return null;
  const [min, max] = [low, high].map((bound: Known | null | undefined) => bound?.elements[0]);
  return a.elements.map((x) => {
    const raised = min !== undefined && x < min ? min : x;
    return toElement(max !== undefined && raised > max ? max : raised, dtype);
  });
};

function roundEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

const smaller: Floats = (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : Math.min(a, b));
const larger: Floats = (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : Math.max(a, b));
const power: Rule = (inputs, attributes, result: { dtype: DType; shape: readonly number[] }) =>
  binary(
    (a, b) => (b < 0n || b > 64n ? null : a ** b),
    (a, b) => a ** b,
  )(inputs, attributes, result);

/** Rules for nodes that work element by element. */
export const elementwiseRules: Readonly<Record<string, Rule>> = {
  Add: binary(
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  Sub: binary(
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  Mul: binary(
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  Div: binary(
    (a, b) => (b === 0n ? null : a / b),
    (a, b) => a / b,
  ),
  Mod: modulo,
  Pow: power,
  Min: many((a, b) => (a < b ? a : b), smaller),
  Max: many((a, b) => (a > b ? a : b), larger),
  Equal: binary(
    (a, b) => a === b,
    (a, b) => a === b,
  ),
  Less: binary(
    (a, b) => a < b,
    (a, b) => a < b,
  ),
  LessOrEqual: binary(
    (a, b) => a <= b,
    (a, b) => a <= b,
  ),
  Greater: binary(
    (a, b) => a > b,
    (a, b) => a > b,
  ),
  GreaterOrEqual: binary(
    (a, b) => a >= b,
    (a, b) => a >= b,
  ),
  And: binary((a, b) => a & b, null),
  Or: binary((a, b) => a | b, null),
  Xor: binary((a, b) => a ^ b, null),
  BitwiseAnd: binary((a, b) => a & b, null),
  BitwiseOr: binary((a, b) => a | b, null),
  BitwiseXor: binary((a, b) => a ^ b, null),
  Not: unary((a) => (a === 0n ? 1n : 0n), null),
  Neg: unary(
    (a) => -a,
    (a) => -a,
  ),
  Abs: unary((a) => (a < 0n ? -a : a), Math.abs),
  Sign: unary((a) => (a < 0n ? -1n : a > 0n ? 1n : 0n), Math.sign),
  Floor: unary(null, Math.floor),
  Ceil: unary(null, Math.ceil),
  Round: unary(null, roundEven),
  Sqrt: unary(null, Math.sqrt),
  Reciprocal: unary(null, (a) => 1 / a),
  Exp: unary(null, Math.exp),
  Log: unary(null, Math.log),
  IsNaN: unary(null, Number.isNaN),
  Identity: ([a]) => a?.elements ?? null,
  Cast: cast,
  Clip: clip,
  Where: where,
};
