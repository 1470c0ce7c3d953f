import { bytesOf, elementCount } from "../../graph/dtype.ts";
import { type Fill, LoweringError, type RuntimeInput, type TensorInput } from "../../runtime/runtime-input.ts";
import { type Pickled, PickledDict, PickledList, PickledObject, PickledTensor, PickledTuple } from "../file/pickled.ts";
import { isComplex, isFloating } from "../promotion.ts";
import type { Scalar } from "../value.ts";
import { evaluateExpression } from "./evaluate-expression.ts";
import { parseExpression } from "./expression.ts";
import type { ProgramFile, Sample } from "./program-file.ts";
import type { ProgramSignature, Size } from "./signature.ts";

type UserInput = ProgramSignature["user"][number];

/** A value for one input of the call. */
export type BoundInput =
  | { readonly kind: "tensor"; readonly name: string; readonly input: TensorInput & { readonly name: string } }
  | { readonly kind: "constant"; readonly name: string; readonly value: Scalar | string | null };

/** Recorded values up to this size are fed as they were recorded. */
const recordedLimit = 1 << 24;

/**
 * A value for each input of the program: what the user gave, in their order or by name, the rest as it was recorded
 * when the program was exported. Throws runtime's LoweringError (`input`) where the two do not fit.
 */
export async function bindInputs(
  signature: ProgramSignature,
  given: readonly RuntimeInput[],
  file: ProgramFile,
  fill: Fill | undefined,
): Promise<BoundInput[]> {
  const values = assign(signature.user, given);
  const missing = signature.user.some((input, i) => values[i] === null && input.kind !== "constant");
  const sample = missing ? await recorded(file, signature.user.length) : null;
  const symbols = new Map<string, number>();
  const bound: BoundInput[] = [];
  for (const [i, input] of signature.user.entries()) {
    const value = values[i] ?? (await fromSample(input, sample, i, fill)) ?? madeUp(input, fill);
    bound.push(check(input, value, symbols));
  }
  checkRanges(signature, symbols);
  return bound;
}

function assign(user: readonly UserInput[], given: readonly RuntimeInput[]): (RuntimeInput | null)[] {
  const byName = new Map(given.flatMap((input) => (input.name === null ? [] : [[input.name, input] as const])));
  const unknown = [...byName.keys()].find((name) => !user.some((input) => input.name === name));
  const names = user.map((input) => input.name).filter((name) => name !== "");
  if (unknown !== undefined) {
    throw new LoweringError("input", `the program has no input ${unknown}; it has ${names.join(", ") || "none"}`);
  }
  const inOrder = given.filter((input) => input.name === null);
  const open = user.filter((input) => !byName.has(input.name));
  // Constants may be given again (then they must be what they were), or left out; None there is no way to give.
  const taking =
    [open, open.filter((input) => !isNone(input))].find((inputs) => inputs.length === inOrder.length) ??
    open.filter((input) => input.kind !== "constant");
  if (inOrder.length > taking.length) {
    throw new LoweringError("input", `${given.length} values for ${taking.length + byName.size} inputs`);
  }
  return user.map((input) => {
    const named = byName.get(input.name);
    if (named !== undefined) return named;
    return taking.includes(input) ? (inOrder.shift() ?? null) : null;
  });
}

function isNone(input: UserInput): boolean {
  return input.kind === "constant" && input.value === null;
}

interface Recorded {
  readonly leaves: readonly Pickled[];
  readonly sample: Sample;
}

async function recorded(file: ProgramFile, count: number): Promise<Recorded | null> {
  const sample = await file.sample().catch(() => null); // Only a convenience: the shapes are in the signature too.
  if (sample === null) return null;
  const leaves = leavesOf(sample.value);
  return leaves.length === count ? { leaves, sample } : null;
}

/** The leaves of nested containers in the order of torch.utils._pytree. */
function leavesOf(value: Pickled, depth = 0): Pickled[] {
  if (depth > 32) return [];
  if (value instanceof PickledTuple || value instanceof PickledList) {
    return value.items.flatMap((item) => leavesOf(item, depth + 1));
  }
  if (value instanceof PickledDict) return value.entries.flatMap(([, item]) => leavesOf(item, depth + 1));
  if (value instanceof PickledObject) return value.hasState ? leavesOf(value.state, depth + 1) : [];
  return [value];
}

async function fromSample(
  input: UserInput,
  recordedSample: Recorded | null,
  index: number,
  fill: Fill | undefined,
): Promise<RuntimeInput | null> {
  const leaf = recordedSample?.leaves[index];
  const { name } = input;
  if (input.kind === "constant" || recordedSample === null || leaf === undefined) return null;
  if (input.kind === "number") {
    if (typeof leaf !== "bigint" && typeof leaf !== "number" && typeof leaf !== "boolean") return null;
    if (input.type === "bool") return { kind: "bool", name, value: Boolean(leaf) };
    return { kind: input.type, name, value: Number(leaf) };
  }
  if (!(leaf instanceof PickledTensor)) return null;
  const { dtype, shape } = leaf;
  const recordedFill = fill ?? (await recordedValues(leaf, recordedSample.sample)) ?? defaultFill(input);
  return { kind: "tensor", name, dtype, shape, fill: recordedFill };
}

/** The recorded elements, where they lie in one run. */
async function recordedValues(tensor: PickledTensor, sample: Sample): Promise<Fill | null> {
  const { dtype, shape, strides } = tensor;
  const byteLength = elementCount(shape) * bytesOf(dtype);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== step) return null;
    step *= shape[axis] ?? 1;
  }
  if (byteLength > recordedLimit) return null;
  const { storage, offset } = await sample.place(tensor);
  const start = offset * bytesOf(dtype);
  if (start + byteLength > storage.size) return null;
  return { kind: "bytes", bytes: await storage.read(start, byteLength), file: "the recorded example" };
}

function defaultFill(input: UserInput): Fill {
  return input.kind === "tensor" && (isFloating(input.dtype) || isComplex(input.dtype))
    ? { kind: "random", seed: 0 }
    : { kind: "ones" };
}

/** From the signature alone: sizes as they were when the program was exported. */
function madeUp(input: UserInput, fill: Fill | undefined): RuntimeInput | null {
  const { name } = input;
  if (input.kind === "constant") return null;
  if (input.kind === "number") {
    if (input.type === "bool") return { kind: "bool", name, value: false };
    return { kind: input.type, name, value: input.hint ?? 1 };
  }
  const shape = input.sizes.map((size) => (typeof size === "number" ? size : (size.hint ?? 1)));
  return { kind: "tensor", name, dtype: input.dtype, shape, fill: fill ?? defaultFill(input) };
}

function check(input: UserInput, value: RuntimeInput | null, symbols: Map<string, number>): BoundInput {
  const { name } = input;
  if (input.kind === "constant") {
    if (value !== null && !isSame(value, input.value)) {
      throw new LoweringError("input", `${name} was fixed to ${String(input.value)} when the program was exported`);
    }
    return { kind: "constant", name, value: input.value };
  }
  if (value === null) throw new LoweringError("input", `no value for ${name}`);
  if (input.kind === "number") {
    if (value.kind !== "int" && value.kind !== "float" && value.kind !== "bool") {
      throw new LoweringError("input", `${name} is a Python ${input.type}: give it as for example 3:${input.type}`);
    }
    const number = Number(value.value);
    if (input.type === "int") symbols.set(name, number);
    const scalar = input.type === "int" ? BigInt(number) : input.type === "bool" ? number !== 0 : number;
    return { kind: "constant", name, value: scalar };
  }
  if (value.kind !== "tensor")
    throw new LoweringError("input", `${name} is a tensor; a Python ${value.kind} was given`);
  checkShape(input.name, input.sizes, value.shape, symbols);
  return { kind: "tensor", name, input: { ...value, name, dtype: dtypeFor(input, value) } };
}

function isSame(value: RuntimeInput, constant: Scalar | string | null): boolean {
  if (value.kind === "tensor") return false;
  return typeof constant === "bigint" ? Number(constant) === value.value : constant === value.value;
}

function dtypeFor(input: Extract<UserInput, { kind: "tensor" }>, value: TensorInput): TensorInput["dtype"] {
  if (value.dtype === input.dtype) return value.dtype;
  // A shape without a type means the type that the program takes.
  if (value.dtype === "float32" && value.fill.kind !== "bytes") return input.dtype;
  throw new LoweringError("input", `${input.name} is ${input.dtype}; ${value.dtype} was given`);
}

function checkShape(
  name: string,
  sizes: readonly Size[],
  shape: readonly number[],
  symbols: Map<string, number>,
): void {
  if (sizes.length !== shape.length) {
    throw new LoweringError("input", `${name} has ${sizes.length} dimensions; ${shape.length} were given`);
  }
  for (const [axis, size] of sizes.entries()) {
    const dim = shape[axis] ?? 0;
    if (typeof size !== "number" && size.expression.kind === "symbol" && !symbols.has(size.expression.name)) {
      symbols.set(size.expression.name, dim);
    }
    const expected = typeof size === "number" ? size : evaluateExpression(size.expression, symbols);
    if (expected !== null && expected !== dim) {
      const why = typeof size === "number" ? "" : ` (${size.text})`;
      throw new LoweringError(
        "input",
        `dimension ${axis} of ${name} is ${dim}; the program was exported for exactly ${expected}${why}`,
      );
    }
  }
}

function checkRanges({ ranges }: ProgramSignature, symbols: ReadonlyMap<string, number>): void {
  for (const [text, { min, max }] of ranges) {
    const value = evaluateExpression(parseExpression(text), symbols);
    // 0 and 1 are special to export: a range from 2 still takes them at run time.
    if (value === null || (value >= min && value <= max) || (min === 2 && value < 2)) continue;
    throw new LoweringError("input", `the size ${text} is ${value}; the program was exported for ${min} to ${max}`);
  }
}
