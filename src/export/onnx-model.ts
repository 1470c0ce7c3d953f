import { dirname, join } from "node:path";
import type { Archive } from "../archive/archive.ts";
import { blocks, type ByteSource } from "../archive/byte-source.ts";
import { nodeDisk } from "../archive/disk.ts";
import { openArchive } from "../archive/open.ts";
import { batched } from "../bench/workload.ts";
import { archiveSubject } from "../checks/archive-subject.ts";
import { prepare } from "../checks/model/prepare.ts";
import { modelRunner } from "../checks/model/run-model.ts";
import { defaultCheckOptions, type Subject, type SubjectModel } from "../checks/subject.ts";
import { checkWritten, convert, outputsOf } from "../convert/convert.ts";
import { ArchiverError } from "../errors.ts";
import type { ValueInfo } from "../graph/graph.ts";
import { externalFiles } from "../model/onnx/external-data.ts";
import type { RawOutput } from "../runtime/session-protocol.ts";
import type { ExportRun } from "./export.ts";

/** An ONNX file that computes what the archive's model computes. */
export interface ExportedOnnx {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Whether it takes more rows and gives as many: it was tried. */
  readonly takesRows: boolean;
  readonly check: { readonly engine: string; readonly largestDifference: number };
}

/**
 * Writes the archive's model as `model.onnx` into `folder`, with its external data beside it: an ONNX model as it is, a
 * PyTorch program lowered. What was written has run and given what the archive's model gives. Throws ArchiverError
 * `not-convertible`.
 */
export async function exportOnnx(archive: Archive, folder: string, options: ExportRun): Promise<ExportedOnnx> {
  const path = join(folder, "model.onnx");
  const subject = archiveSubject(archive, defaultCheckOptions, modelRunner(options.pool, options));
  const model = await subject.model();
  let check: ExportedOnnx["check"] | null = null;
  if (model?.format === "onnx") await copyOnnx(archive, model, folder);
  else check = (await convert(archive, { ...options, output: path, force: false })).check;
  const written = await openArchive(path);
  try {
    const copy = archiveSubject(written, defaultCheckOptions, modelRunner(options.pool, options));
    const inputs = await inputsOf(copy, path, options);
    check ??= await checkWritten(subject, path, { own: inputs, written: inputs }, options);
    const outputs = outputsOf(await copy.rerun(inputs), path);
    const signature = await copy.signature();
    if (signature === null) throw new ArchiverError("not-convertible", `${path} cannot be read.`);
    return {
      inputs: signature.inputs,
      outputs: signature.outputs.map((output) => withRank(output, outputs)),
      takesRows: await takesRows(copy, signature.inputs, inputs, outputs),
      check,
    };
  } finally {
    await written.close();
  }
}

async function copyOnnx(archive: Archive, model: SubjectModel, folder: string): Promise<void> {
  await copySource(model.source, join(folder, "model.onnx"));
  const files = externalFiles(archive, model.entry);
  try {
    const signature = await archiveSubject(archive).signature();
    for (const location of new Set(signature?.externalData)) {
      const file = await files.open(location);
      if ("problem" in file) throw new ArchiverError("not-convertible", `${file.message}.`);
      await copySource(file.source, join(folder, location));
    }
  } finally {
    await files.close();
  }
}

async function copySource(source: ByteSource, path: string): Promise<void> {
  await nodeDisk.makeFolder(dirname(path));
  const file = await nodeDisk.create(path, 0o644);
  try {
    let at = 0;
    for await (const block of blocks(source)) {
      await file.write(block, at);
      at += block.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function inputsOf(copy: Subject, path: string, options: ExportRun) {
  const prepared = await prepare(copy, options);
  if (prepared.stage === "prepared") {
    await prepared.close();
    return prepared.inputs.filter((input) => input.kind === "tensor");
  }
  const advice = prepared.stage === "skipped" ? prepared.advice[0] : prepared.failure;
  const remedy = advice?.remedy === undefined ? {} : { remedy: advice.remedy };
  throw new ArchiverError("not-convertible", `${path} does not run: ${advice?.message ?? ""}.`, remedy);
}

/** A model need not say how many dimensions an output has: the run does. */
function withRank(output: ValueInfo, ran: readonly RawOutput[]): ValueInfo {
  const shape = ran.find(({ name }) => name === output.name)?.shape;
  return output.shape === null && shape !== undefined ? { ...output, shape: shape.map(() => null) } : output;
}

async function takesRows(
  copy: Subject,
  declared: readonly ValueInfo[],
  inputs: Parameters<typeof batched>[0],
  once: readonly RawOutput[],
): Promise<boolean> {
  const isFree = ({ shape }: ValueInfo): boolean => shape !== null && shape.length > 0 && typeof shape[0] !== "number";
  if (!declared.every(isFree) || once.some(({ shape }) => shape.length === 0)) return false;
  const twice = await copy.rerun(batched(inputs, 2));
  if (twice.stage !== "done") return false;
  return once.every(({ shape }, at) => twice.outputs[at]?.shape[0] === 2 * (shape[0] ?? 0));
}
