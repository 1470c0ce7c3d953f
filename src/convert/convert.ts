import { lstat, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Archive } from "../archive/archive.ts";
import { temporaryFolder } from "../archive/atomic-output.ts";
import { isDevice, nodeDisk } from "../archive/disk.ts";
import { openArchive } from "../archive/open.ts";
import { archiveSubject } from "../checks/archive-subject.ts";
import { modelRunner, type RunModelOptions } from "../checks/model/run-model.ts";
import { defaultCheckOptions, type Subject, type SubjectModel } from "../checks/subject.ts";
import { ArchiverError } from "../errors.ts";
import type { Graph, ValueInfo } from "../graph/graph.ts";
import { formatNames, type ModelFormat } from "../model/model-format.ts";
import { type DummyOptions, givenInputs, type ResolvedSpec } from "../runtime/dummy-input.ts";
import type { EnginePool } from "../runtime/engine-pool.ts";
import type { Rerun } from "../runtime/model-run.ts";
import type { RawOutput } from "../runtime/session-protocol.ts";
import { LoweringError, type RuntimeInput, type TensorInput } from "../runtime/runtime-input.ts";
import { lowerTorch } from "../torchscript/lower.ts";
import { largestDifference } from "./difference.ts";
import { writeOnnxFile } from "./onnx-file.ts";

export interface ConvertOptions extends DummyOptions {
  readonly output: string;
  readonly force: boolean;
  /** The inputs whose shapes and types the graph gets; none: those that the file recorded. */
  readonly inputs: readonly ResolvedSpec[];
  readonly pool: EnginePool;
  /** Weights above this many bytes go to a file beside the model. */
  readonly embedLimit?: number;
}

/** What was written, and that it computes what the model computes. */
export interface Conversion {
  readonly model: { readonly file: string; readonly format: ModelFormat };
  readonly output: string;
  /** Bytes of `output`. */
  readonly size: number;
  /** The weights, where the model was too large for one file. */
  readonly data: { readonly path: string; readonly size: number } | null;
  readonly opset: number;
  readonly nodes: number;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly check: { readonly engine: string; readonly largestDifference: number };
}

const opset = 20;
/** Protobuf's limit is 2 GB for the whole message; the graph itself needs some room. */
const embedLimit = 2 ** 31 - (64 << 20);

/**
 * Writes a TorchScript or torch.export model as ONNX, in a bounded amount of memory, runs it, and puts it in place when
 * its outputs are those of the model in the archive. Throws ArchiverError.
 */
export async function convert(archive: Archive, options: ConvertOptions): Promise<Conversion> {
  const output = resolve(options.output);
  const subject = archiveSubject(archive, defaultCheckOptions, modelRunner(options.pool, options));
  const model = await programOf(subject, archive.location);
  const given = givenInputs(options.inputs, options);
  const { graph, inputs } = await lowered(model, given);
  await refuseExisting(output, options.force);
  const folder = await temporaryFolder(nodeDisk, output);
  try {
    const dataName = `${basename(output)}.data`;
    const [modelPath, dataPath] = [join(folder, basename(output)), join(folder, dataName)];
    const limit = options.embedLimit ?? embedLimit;
    const written = await writeOnnxFile(graph, modelPath, dataPath, { opset, embedLimit: limit, dataName });
    const check = await checkWritten(
      subject,
      modelPath,
      { own: given.length > 0 ? given : inputs, written: inputs },
      options,
    );
    const data = join(dirname(output), dataName);
    if (written.dataSize > 0) await nodeDisk.rename(dataPath, data);
    await nodeDisk.rename(modelPath, output);
    await nodeDisk.syncFolder(dirname(output));
    return {
      model: { file: model.entry.path, format: model.format },
      output,
      size: written.size,
      data: written.dataSize > 0 ? { path: data, size: written.dataSize } : null,
      opset,
      nodes: graph.nodes.length,
      inputs: graph.inputs,
      outputs: graph.outputs,
      check,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function refuseExisting(output: string, force: boolean): Promise<void> {
  if (isDevice(output)) throw new ArchiverError("not-a-file", `${output} is a device, not a file`);
  if (force || (await lstat(output).catch(() => null)) === null) return;
  throw new ArchiverError("already-exists", `${output} exists already.`);
}

async function programOf(subject: Subject, location: string): Promise<SubjectModel> {
  const model = await subject.model();
  if (model === null) throw new ArchiverError("not-convertible", `${location} has no model file.`);
  if (model.format === "torchscript" || model.format === "torch-export") return model;
  const name = `${model.entry.path} is ${formatNames[model.format]}`;
  if (model.format === "onnx") {
    throw new ArchiverError("not-convertible", `${name} already.`, {
      remedy: "model-archiver extract takes it out of the archive.",
    });
  }
  throw new ArchiverError("not-convertible", `${name}; TorchScript and torch.export files can be converted.`, {
    remedy: "Save the model with torch.jit.trace(model.eval(), example).save(…), or use torch.onnx.export.",
  });
}

async function lowered(
  model: SubjectModel,
  given: readonly RuntimeInput[],
): Promise<{ graph: Graph; inputs: readonly TensorInput[] }> {
  try {
    const format = model.format === "torchscript" ? "torchscript" : "torch-export";
    const { graph, inputs, missing } = await lowerTorch(model.source, format, given, {});
    const names = Object.keys(missing);
    if (names.length === 0) return { graph, inputs };
    throw new ArchiverError("not-convertible", `No lowering to ONNX yet for ${names.join(", ")}.`);
  } catch (error) {
    if (!(error instanceof LoweringError)) throw error;
    const remedy = error.problem === "input" ? { remedy: "Give inputs that fit with --input SHAPE[:dtype]." } : {};
    throw new ArchiverError("not-convertible", `${error.message}.`, remedy);
  }
}

/**
 * Runs the model in the archive and the one at `path` on the same input; the numbers that a program takes beside its
 * tensors are constants in the graph. Throws ArchiverError `not-convertible`.
 */
export async function checkWritten(
  subject: Subject,
  path: string,
  inputs: { readonly own: readonly RuntimeInput[]; readonly written: readonly RuntimeInput[] },
  options: RunModelOptions & Pick<ConvertOptions, "pool">,
): Promise<Conversion["check"]> {
  const written = await openArchive(path);
  try {
    const other = archiveSubject(written, defaultCheckOptions, modelRunner(options.pool, options));
    const [own, converted] = [await subject.rerun(inputs.own), await other.rerun(inputs.written)];
    const difference = largestDifference(outputsOf(own, subject.archive.location), outputsOf(converted, path));
    const engine = await options.pool.use((process) => process.engine);
    return { engine, largestDifference: difference };
  } finally {
    await written.close();
  }
}

/** What a run gave. Throws ArchiverError `not-convertible` where there was none. */
export function outputsOf(run: Rerun, name: string): readonly RawOutput[] {
  if (run.stage === "done") return run.outputs;
  const why = run.stage === "skipped" ? (run.advice[0]?.message ?? run.reason) : run.failure.message;
  throw new ArchiverError("not-convertible", `${name} does not run: ${why}.`);
}
