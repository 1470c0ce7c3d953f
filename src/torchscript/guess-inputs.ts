import type { DType } from "../graph/dtype.ts";
import type { ValueInfo } from "../graph/graph.ts";
import { typeText } from "./evaluator/types.ts";
import { type Pickled, PickledDict, PickledList, PickledObject, PickledTensor, PickledTuple } from "./file/pickled.ts";
import type { TorchScriptFile } from "./file/torchscript-file.ts";
import type { FunctionDefinition, Parameter } from "./language/syntax.ts";

/** The input that a first layer asks for: its type and shape. */
interface FirstLayer {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/**
 * The tensors that `forward` takes, with the shapes that tracing recorded; else what the first layer of the module asks
 * for (an embedding token ids, a convolution pictures or signals of its channels, a linear layer rows of its width).
 */
export function guessInputs(file: TorchScriptFile, forward: FunctionDefinition): ValueInfo[] {
  const required = forward.parameters.slice(1).filter(isRequired);
  if (required.some(({ type }) => !/^(Tensor|int|float|bool)$/.test(typeText(type)))) return [];
  const recorded = recordedInputs(file);
  if (recorded !== null && recorded.length === required.length) {
    return required.map(({ name }, i) => ({ name, dtype: recorded[i].dtype, shape: recorded[i].shape }));
  }
  const layer = firstLayer(file.module);
  return required.map(({ name, type }): ValueInfo => {
    const text = typeText(type);
    if (text === "int") return { name, dtype: "int64", shape: [] };
    if (text === "float") return { name, dtype: "float64", shape: [] };
    if (text === "bool") return { name, dtype: "bool", shape: [] };
    const shape = layer?.shape ?? null;
    return { name, dtype: layer?.dtype ?? "float32", shape };
  });
}

function isRequired({ type, fallback }: Parameter): boolean {
  return fallback === null && !/^(Optional\[|NoneType)/.test(typeText(type));
}

/** The weight that comes first in the order of the modules, if its layer tells what goes in. */
export function firstLayer(module: PickledObject, depth = 0): FirstLayer | null {
  if (!(module.state instanceof PickledDict) || depth > 50) return null;
  const weight = module.state.entries.find(([name]) => name === "weight")?.[1];
  if (weight instanceof PickledTensor) {
    const layer = layerOf(module.type.split(".").at(-1) ?? "", weight);
    if (layer !== null) return layer;
  }
  for (const [, value] of module.state.entries) {
    const found = value instanceof PickledObject ? firstLayer(value, depth + 1) : null;
    if (found !== null) return found;
  }
  return null;
}

const tokens = 16;
const picture = 224;

function layerOf(type: string, { dtype: own, shape }: PickledTensor): FirstLayer | null {
  const dtype = own.includes("float") ? own : "float32"; // packed weights say nothing of what goes in
  if (type.startsWith("Embedding")) return { dtype: "int64", shape: [1, tokens] };
  if (type.startsWith("Conv2d") && shape.length === 4) return { dtype, shape: [1, shape[1], picture, picture] };
  if (type.startsWith("Conv1d") && shape.length === 3) return { dtype, shape: [1, shape[1], 16_000] };
  if (type.startsWith("Conv3d") && shape.length === 5) return { dtype, shape: [1, shape[1], tokens, 112, 112] };
  if (type.startsWith("Linear") && shape.length === 2) return { dtype, shape: [1, shape[1]] };
  return null;
}

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
