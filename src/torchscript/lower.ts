import type { ByteSource } from "../archive/byte-source.ts";
import { MalformedModel } from "../model/malformed.ts";
import {
  type LoweredModel,
  LoweringError as LoweringFailure,
  type LoweringOptions,
  type LoweringProblem,
  type RuntimeInput,
} from "../runtime/runtime-input.ts";
import { Builder } from "./builder.ts";
import { callMethod } from "./evaluator/calls.ts";
import { methodOf } from "./evaluator/frame.ts";
import { readTorchScript, type TorchScriptFile } from "./file/torchscript-file.ts";
import { bindInputs } from "./inputs.ts";
import { LoweringError, type LoweringFault } from "./lowering-error.ts";
import { isSupported } from "./operators/registry.ts";
import { loadModule } from "./module.ts";
import { finish } from "./outputs.ts";
import { scanOperators } from "./static-scan.ts";

const problems: Readonly<Record<LoweringFault, LoweringProblem>> = {
  unsupported: "unsupported",
  invalid: "malformed",
  limit: "unsupported",
  raised: "raised",
};

/**
 * Evaluates a TorchScript or torch.export program on the shapes of its inputs and gives the ONNX graph, whose large
 * tensors stay in the file. Nothing of the file is executed but by our own evaluator, within bounds.
 * Throws LoweringError (of src/runtime) where it cannot.
 */
export function lowerTorch(
  source: ByteSource,
  format: "torchscript" | "torch-export",
  inputs: readonly RuntimeInput[],
  options: LoweringOptions = {},
): Promise<LoweredModel> {
  if (inputs.length > 0 || options.fill !== undefined) return lower(source, format, inputs, options);
  const lowered = byItself.get(source) ?? lower(source, format, inputs, options);
  byItself.set(source, lowered);
  return lowered;
}

/** Programs on the inputs that they themselves ask for, lowered once for all who want that. */
const byItself = new WeakMap<ByteSource, Promise<LoweredModel>>();

async function lower(
  source: ByteSource,
  format: "torchscript" | "torch-export",
  inputs: readonly RuntimeInput[],
  options: LoweringOptions,
): Promise<LoweredModel> {
  try {
    if (format === "torchscript") return await lowerScript(source, inputs, options);
    const { lowerExportedProgram } = await import("./exported-program.ts");
    return await lowerExportedProgram(source, inputs, options);
  } catch (error) {
    throw asFailure(error);
  }
}

async function lowerScript(
  source: ByteSource,
  given: readonly RuntimeInput[],
  options: LoweringOptions,
): Promise<LoweredModel> {
  const file = await readTorchScript(source);
  const builder = new Builder();
  const { context, module } = await loadModule(file, builder);
  const forward = methodOf(context, module, "forward");
  if (forward === null) throw new LoweringError("invalid", "the module has no method forward");
  const inputs = bindInputs(forward.definition, given, file, builder, options);
  try {
    const result = callMethod(context, module, "forward", inputs.positional, inputs.keyword);
    return finish(builder, inputs.graph, result, context.missing);
  } catch (error) {
    if (!(error instanceof LoweringError) || context.missing.size === 0) throw error;
    return stoppedByMissing(file, context.missing, inputs.graph);
  }
}

/** The walk could not go on without an operator that is missing: the code names the others. */
function stoppedByMissing(
  { program, module }: TorchScriptFile,
  met: ReadonlyMap<string, number>,
  inputs: LoweredModel["inputs"],
): LoweredModel {
  const missing = new Map(met);
  for (const [name, count] of scanOperators(program, module)) {
    if (!isSupported(name) && !missing.has(name)) missing.set(name, count);
  }
  const graph = { name: "torch", inputs: [], outputs: [], nodes: [], tensors: [] };
  return { graph, inputs, outputs: [], missing: Object.fromEntries(missing) };
}

function asFailure(error: unknown): unknown {
  if (error instanceof MalformedModel) return new LoweringFailure("malformed", error.message);
  if (error instanceof RangeError && /call stack/i.test(error.message)) {
    return new LoweringFailure("unsupported", "the program is nested too deeply");
  }
  if (!(error instanceof LoweringError)) return error;
  return new LoweringFailure(problems[error.fault], error.message, error.trace[0] ?? null);
}
