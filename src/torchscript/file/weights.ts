import type { ByteSource } from "../../archive/byte-source.ts";
import { bytesOf, type DType, elementCount } from "../../graph/dtype.ts";
import type { Builder } from "../builder.ts";
import { decodeKnown } from "../encode-known.ts";
import { invalid, LoweringError } from "../lowering-error.ts";
import { contiguousStrides, GraphValue, type Located, TensorValue } from "../tensor-value.ts";

/** A tensor in a file: part of a storage, by strides. */
export interface Weight {
  /** The whole storage, little-endian. */
  readonly storage: ByteSource;
  /** The first bytes of the storage, where they were read already. */
  readonly head: Uint8Array | null;
  readonly dtype: DType;
  /** In elements. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** In elements. */
  readonly strides: readonly number[];
}

/** Integers up to this many bytes are read at once: indices and sizes that the program computes with. */
export const knownIntegerBytes = 1 << 17;
/** Floats up to this many elements: single numbers such as scales. */
const knownFloats = 16;
/** A tensor with gaps or overlaps is gathered in memory; larger than this it is refused. */
const gatherLimit = 1 << 28;

/** A tensor of a file as a value: read in place where its elements lie in one run, else brought into one once. */
export async function loadWeight(weight: Weight, builder: Builder): Promise<TensorValue> {
  const { dtype, shape, offset } = weight;
  const complex = dtype.startsWith("complex");
  const end = lastElement(weight) + 1;
  if (elementCount(shape) > 0 && (offset + end) * bytesOf(dtype) > weight.storage.size) {
    throw invalid(`a tensor of shape [${shape.join(", ")}] reaches beyond its storage`);
  }
  const order = permutation(weight);
  if (order === null) return builder.wrap(new GraphValue(dtype, shape, await gathered(weight)));
  const stored = order.map((axis) => shape[axis]);
  const base = builder.wrap(new GraphValue(dtype, stored, await inPlace(weight, elementCount(shape))));
  if (order.every((axis, i) => axis === i)) return base;
  const back = shape.map((_, axis) => order.indexOf(axis));
  const tail = complex ? [shape.length] : [];
  return new TensorValue(
    dtype,
    shape,
    {
      base,
      view: {
        apply: (value) => builder.node("Transpose", [value], { perm: [...back, ...tail] }, { dtype, shape }),
        scatter: (_, update) =>
          builder.node("Transpose", [update], { perm: [...order, ...tail] }, { dtype, shape: stored }),
      },
    },
    { strides: weight.strides },
  );
}

function lastElement({ shape, strides }: Weight): number {
  return shape.reduce((sum, dim, axis) => sum + Math.max(dim - 1, 0) * strides[axis], 0);
}

/** The axes in the order in which the storage has them, or null when it has gaps or overlaps. */
function permutation({ shape, strides }: Weight): number[] | null {
  const own = contiguousStrides(shape);
  if (elementCount(shape) === 0 || shape.every((dim, axis) => dim === 1 || strides[axis] === own[axis])) {
    return shape.map((_, axis) => axis);
  }
  const order = shape.map((_, axis) => axis).sort((a, b) => strides[b] - strides[a] || a - b);
  const packed = contiguousStrides(order.map((axis) => shape[axis]));
  return order.every((axis, i) => shape[axis] === 1 || strides[axis] === packed[i]) ? order : null;
}

async function inPlace(weight: Weight, count: number): Promise<{ located: Located; known?: (bigint | number)[] }> {
  const { storage, dtype, head } = weight;
  const start = weight.offset * bytesOf(dtype);
  const byteLength = count * bytesOf(dtype);
  const isFloat = dtype.startsWith("float") || dtype === "bfloat16";
  if (count <= knownFloats || (!isFloat && byteLength <= knownIntegerBytes)) {
    const bytes =
      head !== null && head.length >= start + byteLength
        ? head.subarray(start, start + byteLength)
        : await storage.read(start, byteLength);
    const known = decodeKnown(dtype, bytes);
    return { located: { bytes }, ...(known === null ? {} : { known }) };
  }
  if (storage.position === null) return { located: { bytes: await storage.read(start, byteLength) } };
  return { located: { position: { ...storage.position, offset: storage.position.offset + start }, byteLength } };
}

async function gathered(weight: Weight): Promise<{ located: Located; known?: (bigint | number)[] }> {
  const { storage, dtype, offset, shape, strides } = weight;
  const step = bytesOf(dtype);
  const count = elementCount(shape);
  const span = (lastElement(weight) + 1) * step;
  if (count * step > gatherLimit || span > gatherLimit * 4) {
    throw new LoweringError("limit", `a tensor of shape [${shape.join(", ")}] whose elements are scattered`);
  }
  const from = await storage.read(offset * step, span);
  const bytes = new Uint8Array(count * step);
  const index = shape.map(() => 0);
  let at = 0;
  for (let i = 0; i < count; i++) {
    bytes.set(from.subarray(at * step, at * step + step), i * step);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis];
      if (++index[axis] < shape[axis]) break;
      at -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  const known = count <= knownIntegerBytes / 8 ? decodeKnown(dtype, bytes) : null;
  return { located: { bytes }, ...(known === null ? {} : { known }) };
}
