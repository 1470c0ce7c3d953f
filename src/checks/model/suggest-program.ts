import type { ByteSource } from "../../archive/byte-source.ts";
import type { DType } from "../../graph/dtype.ts";
import { tryInputs } from "../../runtime/input-text.ts";
import { LoweringError, type RuntimeInput } from "../../runtime/runtime-input.ts";

/** What models of one input commonly take: pictures, features, tokens, sound. */
const candidates: readonly (readonly [DType, readonly number[]])[] = [
  ["float32", [1, 3, 224, 224]],
  ["float32", [1, 1, 28, 28]],
  ["float32", [1, 3, 32, 32]],
  ["float32", [1, 1, 224, 224]],
  ["float32", [1, 3, 299, 299]],
  ["int64", [1, 16]],
  ["float32", [1, 16_000]],
  ["float32", [1, 1, 16_000]],
  ["float32", [1, 80, 100]],
  ...[4, 8, 10, 13, 16, 20, 28, 30, 32, 64, 100, 128, 256, 512, 768, 784, 1024, 2048].map(
    (features) => ["float32", [1, features]] as const,
  ),
];

/** Looking for an input is a courtesy: it ends here. */
const patienceMs = 1500;

/**
 * After inputs that a PyTorch program does not take: the `--input` that it does. Tries the example the file itself has,
 * then what models commonly take; only lowering, nothing runs. Undefined where none was found.
 */
export async function fittingProgramInputs(
  error: LoweringError,
  source: ByteSource,
  format: "torchscript" | "torch-export",
  given: readonly RuntimeInput[],
): Promise<string | undefined> {
  if (error.problem !== "input" && error.problem !== "raised") return undefined;
  const { lowerTorch } = await import("../../torchscript/lower.ts");
  const lowers = async (inputs: readonly RuntimeInput[]): Promise<readonly RuntimeInput[] | null> => {
    try {
      const lowered = await lowerTorch(source, format, inputs, {});
      return Object.keys(lowered.missing).length === 0 ? lowered.inputs : null;
    } catch (failure) {
      if (failure instanceof LoweringError) return null;
      throw failure;
    }
  };
  const own = given.length > 0 ? await lowers([]) : null;
  if (own !== null) return tryInputs(own);
  const end = performance.now() + patienceMs;
  for (const [dtype, shape] of candidates) {
    if (performance.now() > end) return undefined;
    const input: RuntimeInput = { kind: "tensor", name: null, dtype, shape, fill: { kind: "zeros" } };
    if ((await lowers([input])) !== null) return tryInputs([input]);
  }
  return undefined;
}
