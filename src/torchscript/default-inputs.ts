import { LoweringError, type LoweringOptions, type RuntimeInput } from "../runtime/runtime-input.ts";
import { typeText } from "./evaluator/types.ts";
import type { TorchScriptFile } from "./file/torchscript-file.ts";
import { guessInputs, recordedInputs } from "./guess-inputs.ts";
import type { FunctionDefinition } from "./language/syntax.ts";
import type { DType } from "../graph/dtype.ts";

/** What most models of one tensor take. */
const picture = [1, 3, 224, 224] as const;

/** Inputs when none are given: what tracing recorded, what the first layer asks for, or one picture. */
export function defaultInputs(
  file: TorchScriptFile,
  forward: FunctionDefinition,
  { fill = { kind: "random", seed: 0 } }: LoweringOptions,
): RuntimeInput[] {
  const tensor = (dtype: DType, shape: readonly number[]): RuntimeInput => {
    const integer = /^(u?int|bool)/.test(dtype);
    return { kind: "tensor", name: null, dtype, shape, fill: integer ? { kind: "zeros" } : fill };
  };
  const recorded = recordedInputs(file);
  if (recorded !== null) return recorded.map(({ dtype, shape }) => tensor(dtype, shape));
  const guessed = guessInputs(file, forward);
  const [only] = guessed;
  if (guessed.length === 1 && only !== undefined) {
    const shape = only.shape?.map((dim) => (typeof dim === "number" ? dim : 1));
    return [tensor(only.dtype, shape ?? picture)];
  }
  const required = forward.parameters.slice(1).filter(({ fallback }) => fallback === null);
  throw new LoweringError(
    "input",
    `forward takes ${required.map(({ name, type }) => `${name}: ${typeText(type)}`).join(", ")}; give an --input for each`,
  );
}
