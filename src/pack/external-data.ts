import { realpathSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { ArchiverError } from "../errors.ts";
import { leaves } from "./folder.ts";
import { type Problems, type Source, sourceOf } from "./source.ts";
import { statOf } from "./stat.ts";

/** Names that a model cannot have when it is ONNX: spares the loading of readers for what is plainly something else. */
const otherSuffix = /\.(pt|pth|pt2|safetensors|py|json|txt|ya?ml|csv|bin|jpe?g|png|so|pkl|npy|npz|zip|mar|md)$/i;

/**
 * The files that ONNX models keep their weights in, read from the models themselves; each lands beside its model as
 * the model expects it. Throws ArchiverError `bad-external-data` for one outside of the model's folder.
 */
export async function externalData(sources: readonly Source[], problems: Problems): Promise<Source[]> {
  const given = new Set(sources.map((source) => source.path));
  const found: Source[] = [];
  for (const model of sources) {
    if (model.file === null || otherSuffix.test(model.path)) continue;
    for (const location of await externalLocations(model.file)) {
      const at = posix.normalize(posix.join(posix.dirname(model.path), location));
      if (!given.has(at)) found.push(...take(model, model.file, location, problems));
      given.add(at);
    }
  }
  return found;
}

async function externalLocations(file: string): Promise<readonly string[]> {
  const { openFile } = await import("../archive/file-source.ts");
  const source = await openFile(file);
  try {
    const { looksLikeOnnx } = await import("../model/onnx/sniff.ts");
    if (!(await looksLikeOnnx(source))) return [];
    const { readSignature } = await import("../model/read-signature.ts");
    const signature = await readSignature(source, "onnx");
    return signature?.externalData ?? [];
  } finally {
    await source.close();
  }
}

function take(model: Source, file: string, location: string, problems: Problems): Source[] {
  const outside = (): never => {
    throw new ArchiverError(
      "bad-external-data",
      `${model.from} keeps weights in ${JSON.stringify(location)}, which is outside of its folder`,
    );
  };
  if (!/^[^/\\:]/.test(location) || location.includes("\\") || location.split("/").includes("..")) outside();
  const path = join(dirname(file), location);
  const stats = statOf(path);
  if (!stats?.isFile()) {
    problems.missing.push(`${path} (external data of ${model.from})`);
    return [];
  }
  const real = realpathSync(path);
  if (leaves(realpathSync(dirname(file)), real)) outside();
  const at = posix.normalize(posix.join(posix.dirname(model.path), location));
  return [sourceOf(at, path, real, stats)];
}
