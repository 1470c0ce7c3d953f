import { elementCount } from "../../graph/dtype.ts";
import { contiguousStrides } from "../tensor-value.ts";
import { coordinates, intAttribute, intsAttribute, isFloat, type Known, type Rule, toElement } from "./rule.ts";
import type { Attributes } from "../attributes.ts";

type Reduce = (run: readonly (bigint | number)[]) => bigint | number | null;

/** The axes of a reduction: an input or an attribute; all of them when neither is given. */
function axesOf(data: Known, axes: Known | null | undefined, attributes: Attributes): number[] {
  const given = axes ? axes.elements.map(Number) : intsAttribute(attributes, "axes");
  const chosen =
    given === null || (given.length === 0 && intAttribute(attributes, "noop_with_empty_axes", 0) === 0)
      ? data.shape.map((_, axis) => axis)
      : given;
  return chosen.map((axis) => (axis < 0 ? axis + data.shape.length : axis));
}

function reduction(reduce: Reduce): Rule {
  return ([data, axes], attributes, { dtype, shape }) => {
    if (!data) return null;
    const reduced = new Set(axesOf(data, axes, attributes));
    const kept = data.shape.map((dim, axis) => (reduced.has(axis) ? 1 : dim));
    if (elementCount(kept) !== elementCount(shape)) return null;
    const steps = contiguousStrides(kept);
    const runs: (bigint | number)[][] = Array.from({ length: elementCount(kept) }, () => []);
    for (const [i, element] of data.elements.entries()) {
      const at = coordinates(i, data.shape);
      runs[at.reduce((sum, index, axis) => sum + (reduced.has(axis) ? 0 : index * steps[axis]), 0)].push(element);
    }
    const elements: (bigint | number)[] = [];
    for (const run of runs) {
      const value = reduce(run);
      if (value === null) return null;
      elements.push(toElement(value, dtype));
    }
    return elements;
  };
}

const add = (a: bigint | number, b: bigint | number) =>
  typeof a === "bigint" && typeof b === "bigint" ? a + b : Number(a) + Number(b);
const multiply = (a: bigint | number, b: bigint | number) =>
  typeof a === "bigint" && typeof b === "bigint" ? a * b : Number(a) * Number(b);
const extreme =
  (better: (a: bigint | number, b: bigint | number) => boolean): Reduce =>
  (run) =>
    run.length === 0 || run.some(Number.isNaN) ? null : run.reduce((best, x) => (better(x, best) ? x : best));

const sum: Reduce = (run) => (run.length === 0 ? 0n : run.reduce(add));

const argument =
  (better: (a: bigint | number, b: bigint | number) => boolean): Rule =>
  ([data], attributes, result) => {
    if (!data || intAttribute(attributes, "select_last_index", 0) === 1) return null;
    const axis = intAttribute(attributes, "axis", 0);
    const first: Reduce = (run) =>
      run.length === 0 || run.some(Number.isNaN)
        ? null
        : BigInt(run.reduce((best: number, x, i) => (better(x, run[best]) ? i : best), 0));
    return reduction(first)([data, { dtype: "int64", shape: [1], elements: [BigInt(axis)] }], {}, result);
  };

const cumulative: Rule = ([data, axis], attributes, { dtype }) => {
  if (!data || !axis || isFloat(data.dtype)) return null;
  if (intAttribute(attributes, "exclusive", 0) + intAttribute(attributes, "reverse", 0) > 0) return null;
  const given = Number(axis.elements[0]);
  const along = given < 0 ? given + data.shape.length : given;
  const step = contiguousStrides(data.shape)[along];
  const elements = [...data.elements];
  for (let i = 0; i < elements.length; i++) {
    if (coordinates(i, data.shape)[along] > 0) elements[i] = toElement(add(elements[i], elements[i - step]), dtype);
  }
  return elements;
};

/** Rules for nodes that make one element of many. */
export const reductionRules: Readonly<Record<string, Rule>> = {
  ReduceSum: reduction(sum),
  ReduceProd: reduction((run) => (run.length === 0 ? 1n : run.reduce(multiply))),
  ReduceMax: reduction(extreme((a, b) => a > b)),
  ReduceMin: reduction(extreme((a, b) => a < b)),
  ReduceMean: reduction((run) => (run.length === 0 ? null : Number(run.reduce(add)) / run.length)),
  ArgMax: argument((a, b) => a > b),
  ArgMin: argument((a, b) => a < b),
  CumSum: cumulative,
};
