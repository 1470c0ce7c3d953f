import type { ByteSource } from "../archive/byte-source.ts";
import type { LoweredModel, LoweringOptions, RuntimeInput } from "../runtime/runtime-input.ts";
import { Builder } from "./builder.ts";
import { Budget, type Context } from "./evaluator/frame.ts";
import { Program } from "./evaluator/program.ts";
import { loadWeight } from "./file/weights.ts";
import { finish } from "./outputs.ts";
import { graphInput, type NamedTensor } from "./graph-input.ts";
import { invalid, LoweringError } from "./lowering-error.ts";
import { TupleValue } from "./value.ts";
import { argumentValue, type Environment } from "./exported/arguments.ts";
import { type BoundInput, bindInputs } from "./exported/inputs.ts";
import { openProgramFile, type ProgramFile } from "./exported/program-file.ts";
import { type ProgramSignature, readProgramSignature } from "./exported/signature.ts";
import { nodesOf } from "./exported/nodes.ts";
import { targetSupport, walkNodes } from "./exported/walk.ts";

/**
 * Evaluates a program that `torch.export.save` wrote, on the shapes of its inputs; the recorded example stands in for
 * inputs that are not given. Throws LoweringError (ours inside of the walk, runtime's for inputs) or MalformedModel.
 */
export async function lowerExportedProgram(
  source: ByteSource,
  given: readonly RuntimeInput[],
  options: LoweringOptions,
): Promise<LoweredModel> {
  const file = await openProgramFile(source);
  const graph = file.program.object("graph_module").object("graph");
  const signature = readProgramSignature(file.program);
  const bound = await bindInputs(signature, given, file, options.fill);
  const builder = new Builder();
  const missing = missingIn(file);
  if (missing.size > 0) return finish(builder, [], null, missing);
  const environment = await weightsOf(file, signature, builder);
  const inputs = bindAll(bound, environment, builder);
  walkNodes(graph, environment, contextOf(builder));
  const results = signature.outputs.map((output) => argumentValue(output, environment));
  const [only = null] = results;
  return finish(builder, inputs, results.length === 1 ? only : new TupleValue(results), missing);
}

function missingIn(file: ProgramFile): Map<string, number> {
  const missing = new Map<string, number>();
  for (const node of nodesOf(file.program.object("graph_module").object("graph"))) {
    const { name, supported } = targetSupport(node.string("target"));
    if (!supported) missing.set(name, (missing.get(name) ?? 0) + 1);
  }
  return missing;
}

async function weightsOf(file: ProgramFile, signature: ProgramSignature, builder: Builder): Promise<Environment> {
  const environment: Environment = new Map();
  for (const [name, weight] of file.constants) environment.set(name, await loadWeight(weight, builder));
  for (const token of signature.tokens) environment.set(token, null);
  for (const { name, tensor } of signature.weights) {
    const weight = file.tensors.get(tensor);
    if (weight === undefined) throw invalid(`the file has no values of the tensor ${tensor}`);
    environment.set(name, await loadWeight(weight, builder));
  }
  return environment;
}

/** Gives the program's inputs their values; returns the tensors to feed. */
function bindAll(bound: readonly BoundInput[], environment: Environment, builder: Builder): NamedTensor[] {
  return bound.flatMap((one) => {
    if (one.kind === "constant") {
      environment.set(one.name, one.value);
      return [];
    }
    const { tensor, fed } = graphInput(one.input, builder);
    environment.set(one.name, tensor);
    return [fed];
  });
}

function contextOf(builder: Builder): Context {
  return {
    program: new Program(new Map()),
    builder,
    constants: [],
    missing: new Map(),
    budget: new Budget(),
    run() {
      throw new LoweringError("invalid", "a graph that calls a function of TorchScript");
    },
  };
}
