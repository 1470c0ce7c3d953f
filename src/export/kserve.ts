import { join } from "node:path";
import { stringify } from "yaml";
import type { Archive } from "../archive/archive.ts";
import { nodeDisk } from "../archive/disk.ts";
import { kubernetesName } from "../serving/config-files.ts";
import type { ExportRun } from "./export.ts";
import type { ExportedOnnx } from "./onnx-model.ts";
import { exportTriton } from "./triton.ts";
import { writeFile } from "./write-file.ts";

export const inferenceServiceFile = "inference-service.yaml";
const repository = "model-repository";

/**
 * Writes an InferenceService for KServe's Triton runtime, and the model repository that its storage must hold.
 * https://kserve.github.io/website/docs/reference/crd-api
 */
export async function exportKserve(
  archive: Archive,
  name: string,
  folder: string,
  options: ExportRun,
): Promise<ExportedOnnx> {
  const model = join(folder, repository, name);
  await nodeDisk.makeFolder(model);
  const onnx = await exportTriton(archive, name, model, options);
  await writeFile(join(folder, inferenceServiceFile), inferenceService(name, options.storageUri));
  return onnx;
}

function inferenceService(name: string, storageUri: string | undefined): string {
  const label = kubernetesName(name);
  return stringify({
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: { name: label },
    spec: {
      predictor: {
        model: {
          modelFormat: { name: "onnx", version: "1" },
          protocolVersion: "v2",
          runtime: "kserve-tritonserver",
          storageUri: storageUri ?? `pvc://model-store/${label}/${repository}`,
        },
      },
    },
  });
}
