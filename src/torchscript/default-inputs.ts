import { LoweringError, type LoweringOptions, type RuntimeInput } from "../runtime/runtime-input.ts";
import { typeText } from "./evaluator/types.ts";
import { PickledDict, PickledList, PickledTensor, PickledTuple, type Pickled } from "./file/pickled.ts";
import type { TorchScriptFile } from "./file/torchscript-file.ts";
import type { FunctionDefinition } from "./language/syntax.ts";

/** Example inputs that tracing recorded, as shapes; null when the file has none. */
export function recordedInputs(file: TorchScriptFile): PickledTensor[] | null {
  const { tracedInputs } = file;
  if (!(tracedInputs instanceof PickledDict)) return null;
  const found = tracedInputs.entries.find(([name]) => name === "forward")?.[1] ?? null;
  const tensors: PickledTensor[] = [];
  collect(found, tensors);
  return tensors.length > 0 ? tensors : null;
}

function collect(value: Pickled, into: PickledTensor[]): void {
  if (value instanceof PickledTensor) into.push(value);
  else if (value instanceof PickledList || value instanceof PickledTuple)
    for (const item of value.items) collect(item, into);
  else if (value instanceof PickledDict) for (const [, item] of value.entries) collect(item, into);
}

/** Inputs when none are given: what tracing recorded, else one picture for a single tensor. */
export function defaultInputs(
  file: TorchScriptFile,
  forward: FunctionDefinition,
  { fill = { kind: "random", seed: 0 } }: LoweringOptions,
): RuntimeInput[] {
  const recorded = recordedInputs(file);
  if (recorded !== null) {
    return recorded.map(({ dtype, shape }) => {
      const integer = /^(u?int|bool)/.test(dtype);
      return { kind: "tensor", name: null, dtype, shape, fill: integer ? { kind: "zeros" } : fill };
    });
  }
  const required = forward.parameters.slice(1).filter(({ fallback }) => fallback === null);
  const types = required.map(({ type }) => typeText(type));
  if (types.length === 1 && types[0] === "Tensor") {
    return [{ kind: "tensor", name: null, dtype: "float32", shape: [1, 3, 224, 224], fill }];
  }
  throw new LoweringError(
    "input",
    `forward takes ${required.map(({ name, type }) => `${name}: ${typeText(type)}`).join(", ")}; give an --input for each`,
  );
}
