import type { ByteSource } from "../archive/byte-source.ts";
import { readSafetensors } from "./safetensors.ts";
import type { Signature } from "./signature.ts";

/** Tensors and parameter count of a safetensors file; it has neither inputs nor operators. */
export async function safetensorsSignature(source: ByteSource): Promise<Signature> {
  const { tensors, metadata } = await readSafetensors(source);
  const parameters = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, dim) => product * dim, 1), 0);
  return {
    inputs: [],
    outputs: [],
    operators: {},
    parameters,
    facts: { tensors: String(tensors.length), types: countBy(tensors.map(({ dtype }) => dtype)), ...metadata },
    externalData: [],
  };
}

/** `F32 120, I64 3`: each word with how often it occurs, most first. */
export function countBy(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([word, count]) => `${word} ${count}`)
    .join(", ");
}
