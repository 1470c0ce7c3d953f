import type { Archive } from "../archive/archive.ts";
import { archiveSubject } from "../checks/archive-subject.ts";
import { ArchiverError } from "../errors.ts";
import { parsePlacedYaml } from "../server-config/yaml-place.ts";
import type { ServedModel } from "./serving-plan.ts";

/** What serving needs to know of an archive. Throws ArchiverError when it has no manifest that names a model. */
export async function describeServedModel(archive: Archive, fileName: string): Promise<ServedModel> {
  const subject = archiveSubject(archive);
  const model = (await subject.manifest())?.manifest?.model;
  if (!model?.modelName) {
    const remedy = `Look at it with: model-archiver inspect ${archive.location}`;
    throw new ArchiverError("no-manifest", `${archive.location} has no manifest that names a model`, { remedy });
  }
  const config = model.configFile ? await subject.text(model.configFile) : null;
  return {
    archive: fileName,
    modelName: model.modelName,
    modelVersion: model.modelVersion ?? "1.0",
    size: archive.size,
    batchSize: config === null ? null : batchSizeOf(config),
  };
}

/** `batchSize` of a model-config.yaml, or null. */
export function batchSizeOf(config: string): number | null {
  const [document] = parsePlacedYaml(config).documents;
  const size =
    typeof document === "object" && document !== null ? (document as { batchSize?: unknown }).batchSize : null;
  return Number.isInteger(size) && Number(size) > 0 ? Number(size) : null;
}
