import type { Dim, ValueInfo } from "../graph/graph.ts";
import type { DType } from "../graph/dtype.ts";
import type { FillName, InputSpec } from "./input-spec.ts";
import type { Fill, RuntimeInput, TensorInput } from "./runtime-input.ts";

export interface DummyOptions {
  /** `--fill`; null: what suits the element type. */
  readonly fill: FillName | null;
  readonly seed: number;
  /** Size of every dynamic dimension but batch and channels, instead of what its name and place suggest. */
  readonly dynamicSize?: number;
}

/** A tensor read from a file that `--input` names. */
export interface LoadedTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** `--input` after its files were read. */
export type ResolvedSpec =
  | Exclude<InputSpec, { kind: "file" }>
  | { readonly kind: "file"; readonly name: string | null; readonly path: string; readonly tensor: LoadedTensor };

/**
 * What to feed the model: a value for each of its inputs, taken from `specs` by name or by order, the rest made up from
 * the signature. Returns the reason as a string when the specs do not fit.
 */
export function dummyInputs(
  inputs: readonly ValueInfo[],
  specs: readonly ResolvedSpec[],
  options: DummyOptions,
): RuntimeInput[] | string {
  const byName = new Map(specs.flatMap((spec) => (spec.name === null ? [] : [[spec.name, spec] as const])));
  const unknown = [...byName.keys()].find((name) => !inputs.some((input) => input.name === name));
  if (unknown !== undefined) {
    return `the model has no input ${unknown}; it has ${inputs.map((input) => input.name).join(", ") || "none"}`;
  }
  const inOrder = specs.filter((spec) => spec.name === null);
  const symbols = new Map<string, number>();
  const values = inputs.map((input): RuntimeInput => {
    const spec = byName.get(input.name) ?? inOrder.shift();
    return spec === undefined ? madeUp(input, symbols, options) : given(input, spec, options);
  });
  if (inOrder.length > 0) return `${specs.length} values for ${inputs.length} inputs`;
  return values;
}

/** The values of `--input` alone, for a model that does not tell its inputs. */
export function givenInputs(specs: readonly ResolvedSpec[], options: DummyOptions): RuntimeInput[] {
  return specs.map((spec) => given({ name: spec.name ?? "", dtype: "float32", shape: null }, spec, options));
}

function given(input: ValueInfo, spec: ResolvedSpec, options: DummyOptions): RuntimeInput {
  const name = input.name === "" ? spec.name : input.name;
  switch (spec.kind) {
    case "tensor": {
      const dtype = spec.dtype ?? input.dtype;
      return { kind: "tensor", name, dtype, shape: spec.shape, fill: fillFor(input.name, dtype, spec.fill, options) };
    }
    case "file": {
      const { dtype, shape, bytes } = spec.tensor;
      return { kind: "tensor", name, dtype, shape, fill: { kind: "bytes", bytes, file: spec.path } };
    }
    default:
      return { ...spec, name };
  }
}

function madeUp(input: ValueInfo, symbols: Map<string, number>, options: DummyOptions): TensorInput {
  const shape = dummyShape(input, symbols, options.dynamicSize);
  return {
    kind: "tensor",
    name: input.name,
    dtype: input.dtype,
    shape,
    fill: fillFor(input.name, input.dtype, options.fill, options),
  };
}

/** Random numbers for floats. Integers are mostly indices or masks: zero is in every vocabulary, a mask lets all through. */
function fillFor(name: string, dtype: DType, fill: FillName | null, options: DummyOptions): Fill {
  const chosen =
    fill ?? options.fill ?? (dtype.startsWith("float") || dtype === "bfloat16" ? "random" : index(name, dtype));
  return chosen === "random" ? { kind: "random", seed: options.seed } : { kind: chosen };
}

function index(name: string, dtype: DType): "zeros" | "ones" {
  return dtype === "bool" || /mask|len|size|count|scale/i.test(name) ? "ones" : "zeros";
}

/** The picture that most models take. */
const picture = [1, 3, 224, 224] as const;
const sequenceLength = 16;
const samples = 16_000;

/**
 * A shape the signature allows: 1x3x224x224 where it can be, else each dynamic dimension by its name and place. The same
 * name gets the same size in every input; `a + b` is the sum of the two.
 */
export function dummyShape(input: ValueInfo, symbols: Map<string, number>, dynamicSize?: number): number[] {
  const { shape } = input;
  if (shape === null) return [...picture];
  const defaults = placeDefaults(input, shape);
  return shape.map((dim, place) => sizeOf(dim, { place, fallback: defaults[place] ?? 1, dynamicSize }, symbols));
}

interface Place {
  readonly place: number;
  readonly fallback: number;
  readonly dynamicSize: number | undefined;
}

function sizeOf(dim: Dim, where: Place, symbols: Map<string, number>): number {
  if (typeof dim === "number") return dim;
  if (dim === null || dim === "") return freeSize("", where);
  const known = symbols.get(dim);
  if (known !== undefined) return known;
  const terms = dim.split("+").map((term) => term.trim());
  const sum = terms.map((term) => (/^\d+$/.test(term) ? Number(term) : symbols.get(term)));
  const size =
    terms.length > 1 && sum.every((term) => term !== undefined)
      ? sum.reduce((total, term) => total + term, 0)
      : freeSize(dim, where);
  symbols.set(dim, size);
  return size;
}

function freeSize(name: string, { place, fallback, dynamicSize }: Place): number {
  if (/past/i.test(name)) return 0;
  if (/batch/i.test(name)) return 1;
  if (/channel/i.test(name)) return 3;
  if (dynamicSize !== undefined && place > 0 && fallback !== 3) return dynamicSize;
  if (/height|width|^h$|^w$/i.test(name)) return 224;
  if (/sample|audio/i.test(name)) return samples;
  if (/seq|len|token|time|frame/i.test(name)) return sequenceLength;
  return place === 0 ? 1 : fallback;
}

/** What a dynamic dimension becomes where its name tells nothing. */
function placeDefaults({ name, dtype }: ValueInfo, shape: readonly Dim[]): readonly number[] {
  const integer = !dtype.startsWith("float") && dtype !== "bfloat16";
  if (shape.length === 4) {
    const last = shape[3];
    // Channels last: TensorFlow's order, told by 1, 3 or 4 fixed channels at the end only.
    return typeof shape[1] !== "number" && (last === 1 || last === 3 || last === 4) ? [1, 224, 224, 3] : picture;
  }
  if (shape.length === 3 && !integer && (shape[0] === 3 || shape[0] === 1)) return [3, 224, 224];
  if (shape.length === 3 && !integer && shape[2] === 3) return [224, 224, 3];
  if (shape.length === 5) return [1, 3, 8, 112, 112];
  if (shape.length === 2 && /audio|wav|speech|sample/i.test(name)) return [1, samples];
  if (shape.length === 1) return [1];
  return [1, ...shape.slice(1).map(() => sequenceLength)];
}
