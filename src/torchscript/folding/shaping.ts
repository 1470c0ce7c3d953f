import { elementCount } from "../../graph/dtype.ts";
import { contiguousStrides } from "../tensor-value.ts";
import {
  broadcastIndices,
  coordinates,
  type Elements,
  intAttribute,
  intsAttribute,
  type Known,
  type Rule,
  toElement,
} from "./rule.ts";

const same: Rule = ([a]) => a?.elements ?? null;

const transpose: Rule = ([a], attributes, { shape }) => {
  const perm = intsAttribute(attributes, "perm");
  if (!a || perm === null) return null;
  const own = contiguousStrides(a.shape);
  return pick(a, shape, (at) => at.reduce((sum, index, axis) => sum + index * own[perm[axis]], 0));
};

function pick(from: Known, shape: readonly number[], place: (at: number[]) => number): Elements {
  return Array.from({ length: elementCount(shape) }, (_, i) => from.elements[place(coordinates(i, shape))]);
}

const expand: Rule = ([a], _attributes, { shape }) => {
  if (!a) return null;
  const index = broadcastIndices(a.shape, shape);
  return Array.from({ length: elementCount(shape) }, (_, i) => a.elements[index(i)]);
};

const concat: Rule = (inputs, attributes, { shape }) => {
  const given = intAttribute(attributes, "axis", 0);
  const axis = given < 0 ? given + shape.length : given;
  const inner = elementCount(shape.slice(axis + 1));
  const elements: (bigint | number)[] = [];
  for (let outer = 0; outer < elementCount(shape.slice(0, axis)); outer++) {
    for (const input of inputs) {
      if (input === null) return null;
      const run = input.shape[axis] * inner;
      for (let i = 0; i < run; i++) elements.push(input.elements[outer * run + i]);
    }
  }
  return elements;
};

const gather: Rule = ([data, indices], attributes, { shape }) => {
  if (!data || !indices) return null;
  const given = intAttribute(attributes, "axis", 0);
  const axis = given < 0 ? given + data.shape.length : given;
  const size = data.shape[axis];
  const inner = elementCount(data.shape.slice(axis + 1));
  const elements: (bigint | number)[] = [];
  for (let outer = 0; outer < elementCount(data.shape.slice(0, axis)); outer++) {
    for (const index of indices.elements) {
      const at = Number(index) < 0 ? Number(index) + size : Number(index);
      if (at < 0 || at >= size) return null;
      for (let i = 0; i < inner; i++) elements.push(data.elements[(outer * size + at) * inner + i]);
    }
  }
  return elements.length === elementCount(shape) ? elements : null;
};

const slice: Rule = ([data, starts, ends, axes, steps], _attributes, { shape }) => {
  if (!data || !starts || !ends) return null;
  const own = contiguousStrides(data.shape);
  const begin = data.shape.map(() => 0);
  const step = data.shape.map(() => 1);
  for (const [i, start] of starts.elements.entries()) {
    const given = axes ? Number(axes.elements[i]) : i;
    const axis = given < 0 ? given + data.shape.length : given;
    const size = data.shape[axis];
    step[axis] = steps ? Number(steps.elements[i]) : 1;
    const from = Number(start) < 0 ? Number(start) + size : Number(start);
    begin[axis] = Math.min(Math.max(from, 0), step[axis] < 0 ? size - 1 : size);
  }
  return pick(data, shape, (at) =>
    at.reduce((sum, index, axis) => sum + (begin[axis] + index * step[axis]) * own[axis], 0),
  );
};

const range: Rule = ([start, _limit, delta], _attributes, { dtype, shape }) => {
  if (!start || !delta) return null;
  const [first, step] = [start.elements[0], delta.elements[0]];
  return Array.from({ length: shape[0] }, (_, i) =>
    typeof first === "bigint" && typeof step === "bigint"
      ? first + BigInt(i) * step
      : toElement(Number(first) + i * Number(step), dtype),
  );
};

const scatterElements: Rule = ([data, indices, updates], attributes) => {
  if (!data || !indices || !updates || attributes["reduction"] !== undefined) return null;
  const given = intAttribute(attributes, "axis", 0);
  const axis = given < 0 ? given + data.shape.length : given;
  const own = contiguousStrides(data.shape);
  const elements = [...data.elements];
  for (const [i, index] of indices.elements.entries()) {
    const at = coordinates(i, indices.shape);
    at[axis] = Number(index) < 0 ? Number(index) + data.shape[axis] : Number(index);
    if (at[axis] < 0 || at[axis] >= data.shape[axis]) return null;
    elements[at.reduce((sum, part, dim) => sum + part * own[dim], 0)] = updates.elements[i];
  }
  return elements;
};

const gatherElements: Rule = ([data, indices], attributes) => {
  if (!data || !indices) return null;
  const given = intAttribute(attributes, "axis", 0);
  const axis = given < 0 ? given + data.shape.length : given;
  const own = contiguousStrides(data.shape);
  return indices.elements.map((index, i) => {
    const at = coordinates(i, indices.shape);
    at[axis] = Number(index) < 0 ? Number(index) + data.shape[axis] : Number(index);
    return data.elements[at.reduce((sum, part, dim) => sum + part * own[dim], 0)];
  });
};

const tile: Rule = ([data], _attributes, { shape }) => {
  if (!data) return null;
  const own = contiguousStrides(data.shape);
  return pick(data, shape, (at) => at.reduce((sum, index, axis) => sum + (index % data.shape[axis]) * own[axis], 0));
};

const trilu: Rule = ([data, k], attributes) => {
  if (!data) return null;
  const upper = intAttribute(attributes, "upper", 1) === 1;
  const diagonal = k ? Number(k.elements[0]) : 0;
  const zero = typeof data.elements[0] === "bigint" ? 0n : 0;
  return data.elements.map((element, i) => {
    const [row, column] = coordinates(i, data.shape).slice(-2);
    return (upper ? column - row >= diagonal : column - row <= diagonal) ? element : zero;
  });
};

const scatterND: Rule = ([data, indices, updates], attributes) => {
  if (!data || !indices || !updates || attributes["reduction"] !== undefined) return null;
  const own = contiguousStrides(data.shape);
  const width = indices.shape.at(-1) ?? 0;
  const run = elementCount(data.shape.slice(width));
  const elements = [...data.elements];
  for (let row = 0; row < indices.elements.length / Math.max(width, 1); row++) {
    let start = 0;
    for (let axis = 0; axis < width; axis++) {
      const index = Number(indices.elements[row * width + axis]);
      const at = index < 0 ? index + data.shape[axis] : index;
      if (at < 0 || at >= data.shape[axis]) return null;
      start += at * own[axis];
    }
    for (let i = 0; i < run; i++) elements[start + i] = updates.elements[row * run + i];
  }
  return elements;
};

const pad: Rule = ([data, pads, value, axes], attributes, { dtype, shape }) => {
  const mode = attributes["mode"] ?? "constant";
  if (!data || !pads || axes || mode !== "constant" || pads.elements.some((size) => size < 0)) return null;
  const own = contiguousStrides(data.shape);
  const fill = toElement(value?.elements[0] ?? 0n, dtype);
  return Array.from({ length: elementCount(shape) }, (_, i) => {
    const at = coordinates(i, shape).map((index, axis) => index - Number(pads.elements[axis]));
    const inside = at.every((index, axis) => index >= 0 && index < data.shape[axis]);
    return inside ? data.elements[at.reduce((sum, index, axis) => sum + index * own[axis], 0)] : fill;
  });
};

/** Rules for nodes that move elements about. */
export const shapingRules: Readonly<Record<string, Rule>> = {
  Reshape: same,
  Squeeze: same,
  Unsqueeze: same,
  Flatten: same,
  Transpose: transpose,
  Expand: expand,
  Concat: concat,
  Gather: gather,
  GatherElements: gatherElements,
  ScatterElements: scatterElements,
  Slice: slice,
  Range: range,
  Tile: tile,
  Trilu: trilu,
  ScatterND: scatterND,
  Pad: pad,
};
