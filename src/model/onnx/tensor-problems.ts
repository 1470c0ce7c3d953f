import { bitsOf } from "./element-types.ts";
import { elementsIn, type OnnxTensor, rawBytesOf } from "./tensor.ts";

/** What does not fit between a tensor's type, dimensions and the data in the file; null when all does. */
export function tensorProblem(tensor: OnnxTensor): string | null {
  const bits = bitsOf(tensor.type);
  if (bits === null) return `has element type ${tensor.type}, which ONNX does not know`;
  const count = elementsIn(tensor.dims);
  if (count === null) return `has a negative dimension (${tensor.dims.join("x")})`;
  if (tensor.external !== null) return null;
  const raw = tensor.raw.at(-1);
  if (raw !== undefined) return rawProblem(tensor, raw.end - raw.at);
  const expected = typedElements(count, tensor.type);
  const { fewest, most } = tensor.typed ?? { fewest: 0, most: 0 };
  if (expected >= BigInt(fewest) && expected <= BigInt(most)) return null;
  const there = fewest === most ? String(fewest) : `${fewest} to ${most}`;
  return `claims ${expected} elements (${tensor.dims.join("x")}), and has ${there}`;
}

function rawProblem(tensor: OnnxTensor, length: number): string | null {
  const needed = rawBytesOf(tensor);
  if (needed === null) return "has strings as raw data, which ONNX forbids";
  if (tensor.typed !== null && length > 0) return "has raw and typed data at once";
  return needed === BigInt(length)
    ? null
    : `needs ${needed} bytes of data (${tensor.dims.join("x")}), and has ${length}`;
}

const complex: ReadonlySet<number> = new Set([14, 15]);

/** Elements in the typed fields: complex numbers take two, four- and two-bit types share one. */
function typedElements(count: bigint, type: number): bigint {
  if (complex.has(type)) return count * 2n;
  const bits = bitsOf(type) ?? 0;
  if (bits === 4) return (count + 1n) / 2n;
  return bits === 2 ? (count + 3n) / 4n : count;
}
