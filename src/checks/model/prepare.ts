import { graphModel } from "../../graph/graph-model.ts";
import type { ValueInfo } from "../../graph/graph.ts";
import { graphMayDraw, mayDraw } from "../../graph/random-operator.ts";
import type { SessionModel } from "../../graph/session-model.ts";
import { type ExternalFiles, externalFiles } from "../../model/onnx/external-data.ts";
import { type LocatedModel, locateOnnx } from "../../model/onnx/located.ts";
import { type OnnxModel, readOnnx } from "../../model/onnx/model.ts";
import { nodesOf } from "../../model/onnx/walk-graph.ts";
import { formatNames, type ModelFormat } from "../../model/model-format.ts";
import { MalformedModel } from "../../model/malformed.ts";
import { dummyInputs, givenInputs, type DummyOptions, type ResolvedSpec } from "../../runtime/dummy-input.ts";
import { tryInputs } from "../../runtime/input-text.ts";
import type { Advice, ModelRun } from "../../runtime/model-run.ts";
import { type Fill, LoweringError, type RuntimeInput, type TensorInput } from "../../runtime/runtime-input.ts";
import type { FedTensor } from "../../runtime/session-protocol.ts";
import type { Subject, SubjectModel } from "../subject.ts";
import { fittingProgramInputs } from "./suggest-program.ts";

export interface PrepareOptions extends DummyOptions {
  readonly inputs: readonly ResolvedSpec[];
  /** Where a private folder may be made. */
  readonly tmpDir?: string;
}

/** A model that the engine can be given, with what to feed it. */
export interface Prepared {
  readonly stage: "prepared";
  readonly model: SessionModel;
  /** What the program is called with; of a lowered one, before its tensors got the names of the graph's inputs. */
  readonly inputs: readonly RuntimeInput[];
  readonly feeds: readonly FedTensor[];
  /** Names of the outputs to fetch; null: all. */
  readonly outputs: readonly string[] | null;
  /** True for a graph that we made ourselves: when the engine refuses it, the model is not to blame. */
  readonly lowered: boolean;
  /** Whether a dimension, or more, is our guess. */
  readonly guessed: boolean;
  /** Whether an operator may draw random numbers, so that two runs could differ. */
  readonly draws: boolean;
  close(): Promise<void>;
}

type Preparation = Prepared | Exclude<ModelRun, { stage: "done" }>;

/**
 * Turns the subject's model, whatever its format, into what the engine is handed. `given` takes the place of the inputs
 * that the options and the signature make.
 */
export async function prepare(
  subject: Subject,
  options: PrepareOptions,
  given: readonly RuntimeInput[] | null = null,
): Promise<Preparation> {
  const model = await subject.model();
  if (model === null) return skip("the archive names no model file", handlerOnly);
  try {
    if (model.format === "onnx") return await prepareOnnx(subject, model, options, given);
    if (model.format === "torchscript" || model.format === "torch-export") {
      return await lowerAndPrepare(model, model.format, given ?? givenInputs(options.inputs, options), options);
    }
  } catch (error) {
    if (!(error instanceof MalformedModel)) throw error;
    return { stage: "load", failure: { message: error.message, at: model.entry.path } };
  }
  return skip(`${formatNames[model.format]} cannot run by itself`, {
    message: needsPython[model.format],
    at: model.entry.path,
    remedy: saveAsProgram,
  });
}

const handlerOnly: Advice = {
  message: "The handler brings its own model; only the server can show that it runs",
  at: null,
  remedy: "Verify with --engine torchserve, or try it in TorchServe.",
};

const saveAsProgram =
  "Save the model with torch.jit.trace(model.eval(), example).save(…) or torch.onnx.export(…), or verify with --engine torch.";

const needsPython: Readonly<Record<Exclude<ModelFormat, "onnx" | "torchscript" | "torch-export">, string>> = {
  "torch-zip": "A PyTorch checkpoint holds tensors; the program is in Python code",
  "torch-legacy": "A PyTorch checkpoint holds tensors; the program is in Python code",
  safetensors: "safetensors hold tensors; the program is in Python code",
  pickle: "A pickle runs only in Python, with the classes it was made of",
  unknown: "The file is of no format that ONNX Runtime or our lowering reads",
};

function skip(reason: string, ...advice: readonly Advice[]): ModelRun & { stage: "skipped" } {
  return { stage: "skipped", reason, advice };
}

async function prepareOnnx(
  subject: Subject,
  model: SubjectModel,
  options: PrepareOptions,
  given: readonly RuntimeInput[] | null,
): Promise<Preparation> {
  const declared = (await subject.signature())?.inputs ?? [];
  const inputs = given ?? dummyInputs(declared, options.inputs, options);
  if (typeof inputs === "string") return misfit(inputs, null, asDeclared(declared, options));
  const tensors = inputs.filter((input) => input.kind === "tensor");
  const scalar = inputs.find((input) => input.kind !== "tensor");
  if (scalar) {
    const message = `an ONNX model takes tensors; ${scalar.name ?? "one value"} is a Python ${scalar.kind}`;
    return misfit(message, null, asDeclared(declared, options));
  }
  const onnx = await readOnnx(model.source);
  const files = externalFiles(subject.archive, model.entry);
  const located = await locate(onnx, files, options.tmpDir);
  return {
    stage: "prepared",
    model: located.model,
    inputs,
    feeds: tensors.map((input, i) => ({ ...feedOf(input), name: input.name ?? declared[i]?.name ?? "" })),
    outputs: null,
    lowered: false,
    guessed: given !== null || declared.some(({ shape }) => shape?.some((dim) => typeof dim !== "number") ?? true),
    draws: Array.from(nodesOf(onnx)).some(mayDraw),
    close: () => located.close(),
  };
}

async function locate(onnx: OnnxModel, files: ExternalFiles, tmpDir: string | undefined): Promise<LocatedModel> {
  try {
    return await locateOnnx(onnx, files, tmpDir);
  } finally {
    await files.close();
  }
}

async function lowerAndPrepare(
  model: SubjectModel,
  format: "torchscript" | "torch-export",
  inputs: readonly RuntimeInput[],
  options: PrepareOptions,
): Promise<Preparation> {
  try {
    const { lowerTorch } = await import("../../torchscript/lower.ts");
    const fill = chosenFill(options);
    const lowered = await lowerTorch(model.source, format, inputs, fill === null ? {} : { fill });
    const missing = Object.entries(lowered.missing);
    if (missing.length > 0) return { ...missingOperators(missing, model), missing: lowered.missing };
    const made = await graphModel(lowered.graph, options.tmpDir === undefined ? {} : { tmpDir: options.tmpDir });
    return {
      stage: "prepared",
      model: made.model,
      inputs: inputs.length > 0 ? inputs : lowered.inputs,
      feeds: lowered.inputs.map(feedOf),
      outputs: lowered.outputs,
      lowered: true,
      guessed: true,
      draws: graphMayDraw(lowered.graph),
      close: () => made.close(),
    };
  } catch (error) {
    if (!(error instanceof LoweringError)) throw error;
    return loweringFailed(error, model, await fittingProgramInputs(error, model.source, format, inputs));
  }
}

function chosenFill({ fill, seed }: PrepareOptions): Fill | null {
  if (fill === null) return null;
  return fill === "random" ? { kind: "random", seed } : { kind: fill };
}

function missingOperators(missing: readonly (readonly [string, number])[], model: SubjectModel) {
  const list = missing.map(([name, count]) => `${name} (${count}×)`).join(", ");
  return skip("operators without a lowering", {
    message: `No lowering to ONNX Runtime yet for ${list}`,
    at: model.entry.path,
    remedy: "Verify with --engine torch.",
  });
}

function loweringFailed(error: LoweringError, model: SubjectModel, remedy: string | undefined): Preparation {
  const at = error.at === null ? model.entry.path : `${model.entry.path}/${error.at}`;
  switch (error.problem) {
    case "malformed":
      return { stage: "load", failure: { message: error.message, at } };
    case "unsupported":
      return skip("not lowered", { message: error.message, at, remedy: "Verify with --engine torch." });
    case "input":
    case "raised":
      return misfit(error.message, at, remedy);
  }
}

/** The dummy input does not fit; `remedy` says which one may. */
export function misfit(message: string, at: string | null, remedy?: string): ModelRun & { stage: "skipped" } {
  return skip("the dummy input does not fit the model", { message, at, remedy: remedy ?? giveInput });
}

const giveInput =
  "Give one that fits: --input [name=]shape[:dtype][@fill], e.g. --input 1x3x224x224, once for each input.";

/** The `--input` that the model's own declaration asks for. */
function asDeclared(declared: readonly ValueInfo[], options: PrepareOptions): string {
  const inputs = dummyInputs(declared, [], options);
  return typeof inputs === "string" || inputs.length === 0 ? giveInput : tryInputs(inputs);
}

function feedOf(input: TensorInput): FedTensor {
  return { name: input.name ?? "", dtype: input.dtype, shape: input.shape, fill: input.fill };
}
