import { join } from "node:path";
import type { Archive } from "../archive/archive.ts";
import { nodeDisk } from "../archive/disk.ts";
import { archiveSubject } from "../checks/archive-subject.ts";
import { readLabels } from "../checks/labels/label-file.ts";
import type { Subject } from "../checks/subject.ts";
import type { ValueInfo } from "../graph/graph.ts";
import { batchSizeOf } from "../serving/served-models.ts";
import { tritonConfig, type TritonModel } from "./config-pbtxt.ts";
import type { ExportRun } from "./export.ts";
import { type ExportedOnnx, exportOnnx } from "./onnx-model.ts";
import { writeFile } from "./write-file.ts";

/** Rows that Triton may gather where the archive's model-config.yaml does not say. */
const defaultBatch = 8;
const labelsFile = "labels.txt";

/**
 * Writes the model's folder of a Triton model repository: config.pbtxt, labels, and the ONNX model below its version.
 * https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/model_repository.html
 */
export async function exportTriton(
  archive: Archive,
  name: string,
  folder: string,
  options: ExportRun,
): Promise<ExportedOnnx> {
  const subject = archiveSubject(archive);
  const model = (await subject.manifest())?.manifest?.model;
  const modelVersion = model?.modelVersion ?? null;
  const version = join(folder, String(tritonVersion(modelVersion)));
  await nodeDisk.makeFolder(version);
  const onnx = await exportOnnx(archive, version, options);
  const config: TritonModel = {
    name,
    inputs: onnx.inputs,
    outputs: onnx.outputs,
    maxBatchSize: onnx.takesRows ? await batchOf(subject, model?.configFile) : 0,
    labels: await writeLabels(subject, onnx.outputs, folder),
    modelVersion,
  };
  await writeFile(join(folder, "config.pbtxt"), tritonConfig(config));
  return onnx;
}

/** Triton's versions are positive integers: the first number of ours. */
function tritonVersion(version: string | null): number {
  const number = Number(/\d{1,9}/.exec(version ?? "")?.[0] ?? 1);
  return Math.max(number, 1);
}

async function batchOf(subject: Subject, configFile: string | undefined): Promise<number> {
  const config = configFile === undefined ? null : await subject.text(configFile);
  return (config === null ? null : batchSizeOf(config)) ?? defaultBatch;
}

/** One name a line, in the order of the classes, for the output that has as many. */
async function writeLabels(
  subject: Subject,
  outputs: readonly ValueInfo[],
  folder: string,
): Promise<TritonModel["labels"]> {
  const labels = await readLabels(subject);
  const output = outputs.find(({ shape }) => labels !== null && shape?.at(-1) === labels.size);
  if (labels === null || output === undefined) return null;
  const lines = Array.from({ length: labels.size }, (_, index) => labels.get(String(index)) ?? "");
  await writeFile(join(folder, labelsFile), lines.map((line) => `${line.replaceAll(/\s+/g, " ")}\n`).join(""));
  return { output: output.name, file: labelsFile };
}
