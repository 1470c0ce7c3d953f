import type { ByteSource } from "../archive/byte-source.ts";
import { elementCount } from "../graph/dtype.ts";
import type { ValueInfo } from "../graph/graph.ts";
import { MalformedModel } from "../model/malformed.ts";
import type { Signature } from "../model/signature.ts";
import { guessInputs } from "./guess-inputs.ts";
import { typeArguments, typeText } from "./evaluator/types.ts";
import { type Pickled, PickledDict, PickledObject, PickledTensor } from "./file/pickled.ts";
import { eachPickled, readTorchScript, type TorchScriptFile } from "./file/torchscript-file.ts";
import type { Expression, FunctionDefinition } from "./language/syntax.ts";
import { LoweringError } from "./lowering-error.ts";
import { isSupported } from "./operators/registry.ts";
import { scanOperators } from "./static-scan.ts";

/**
 * What a TorchScript file takes, gives and calls, without evaluating it: version, the arguments of `forward` (with the
 * shapes that tracing recorded, or those that the first layers ask for), parameters by type, operators with counts, and
 * which of them are not supported. Throws MalformedModel where the file breaks its format.
 */
export async function torchscriptSignature(source: ByteSource): Promise<Signature> {
  try {
    return describe(await readTorchScript(source));
  } catch (error) {
    if (error instanceof LoweringError) throw new MalformedModel(error.message);
    throw error;
  }
}

function describe(file: TorchScriptFile): Signature {
  const { module, program, version } = file;
  const forward = program.class(module.type)?.definition.methods.get("forward");
  const operators = scanOperators(program, module);
  const missing = [...operators.keys()].filter((name) => !isSupported(name));
  const tensors = tensorsOf(file);
  const facts: Record<string, string> = {};
  if (version !== null) facts["file version"] = String(version);
  if (forward !== undefined) facts["forward"] = signatureText(forward);
  const types = typesOf(tensors);
  if (types !== "") facts["parameter types"] = types;
  if (missing.length > 0) facts["not supported"] = missing.join(", ");
  return {
    inputs: forward === undefined ? [] : guessInputs(file, forward),
    outputs: forward === undefined ? [] : outputsOf(forward.returns, "output"),
    operators: Object.fromEntries([...operators].sort(([a], [b]) => (a < b ? -1 : 1))),
    parameters: countOf(file, tensors),
    facts,
    externalData: [],
  };
}

function signatureText({ parameters, returns }: FunctionDefinition): string {
  const list = parameters.slice(1).map(({ name, type }) => `${name}: ${typeText(type)}`);
  return `(${list.join(", ")}) -> ${typeText(returns)}`;
}

function tensorsOf({ module }: TorchScriptFile): PickledTensor[] {
  const tensors: PickledTensor[] = [];
  eachPickled(module, (value) => {
    if (value instanceof PickledTensor) tensors.push(value);
  });
  return tensors;
}

function typesOf(tensors: readonly PickledTensor[]): string {
  const counts = new Map<string, number>();
  for (const { dtype } of tensors) counts.set(dtype, (counts.get(dtype) ?? 0) + 1);
  return [...counts].map(([dtype, count]) => `${dtype} (${count})`).join(", ");
}

/** Elements of the parameters that the classes declare; buffers do not count. */
function countOf({ program, module }: TorchScriptFile, tensors: readonly PickledTensor[]): number {
  const own = new Set<Pickled>();
  let declared = false;
  eachPickled(module, (value) => {
    if (!(value instanceof PickledObject) || !(value.state instanceof PickledDict)) return;
    const names = program.class(value.type)?.definition.parameters ?? [];
    if (names.length > 0) declared = true;
    for (const [name, item] of value.state.entries) if (typeof name === "string" && names.includes(name)) own.add(item);
  });
  const seen = new Set<string>();
  let count = 0;
  for (const tensor of tensors) {
    const key = `${tensor.storage.key}:${tensor.offset}`;
    if ((declared && !own.has(tensor)) || seen.has(key)) continue;
    seen.add(key);
    count += elementCount(tensor.shape);
  }
  return count;
}

/** One output for each tensor that the return type names; its shape is known after a run only. */
function outputsOf(type: Expression | null, name: string): ValueInfo[] {
  const text = typeText(type);
  if (type !== null && text.startsWith("Tuple[")) {
    return typeArguments(type).flatMap((item, i) => outputsOf(item, `${name}_${i}`));
  }
  return text === "NoneType" ? [] : [{ name, dtype: "float32", shape: null }];
}
