import { rm, stat, utimes } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import { temporaryName } from "../archive/atomic-output.ts";
import { nodeDisk } from "../archive/disk.ts";
import { ArchiverError } from "../errors.ts";
import { isBuiltInHandler } from "../manifest/built-in-handlers.ts";
import { type ArchiveOptions, type ArchiveResult, archive } from "../pack/pack.ts";
import type { Recipe } from "../pack/recipe.ts";
import { convertFile } from "./convert-run.ts";
import type { Io } from "./io.ts";

/**
 * Packs a TorchScript or torch.export model as ONNX, with a handler that runs it. Whatever else is wrong with the
 * recipe is said before the model is converted; the converted file lies beside the output and goes whatever happens.
 */
export async function archiveConverted(
  recipe: Recipe,
  input: readonly string[],
  options: ArchiveOptions,
  io: Io,
): Promise<ArchiveResult> {
  const started = performance.now();
  const model = recipe.serializedFile;
  if (model === undefined) throw new ArchiverError("usage", "--convert onnx needs --serialized-file");
  const { handler, warnings } = handlerFor(recipe);
  const plan = await archive({ ...recipe, handler }, { ...options, dryRun: true });
  const name = `${basename(model, extname(model))}.onnx`;
  const from = `${model}, converted`;
  if (options.dryRun) return { ...foretold(plan, basename(model), name, from), warnings };
  const folder = temporaryName(plan.path);
  await nodeDisk.makeFolder(folder);
  try {
    const serializedFile = join(folder, name);
    await convertFile(resolve(io.cwd, model), serializedFile, { input, seed: "0", timeout: "600" }, io);
    await keepTime(resolve(io.cwd, model), [serializedFile, `${serializedFile}.data`]);
    const result = await archive({ ...recipe, handler, serializedFile }, options);
    const entries = result.entries.map((entry) => (entry.from?.startsWith(folder) ? { ...entry, from } : entry));
    const milliseconds = performance.now() - started;
    return { ...result, entries, milliseconds, warnings: [...result.warnings, ...warnings] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function handlerFor({ handler, runtime = "python" }: Recipe): { handler: string; warnings: string[] } {
  if (handler === undefined) return { handler: "onnx_image_classifier", warnings: [] };
  if (!isBuiltInHandler(handler, runtime)) return { handler, warnings: [] };
  if (handler === "image_classifier") {
    const warning = "TorchServe's image_classifier cannot run ONNX: onnx_image_classifier is packed instead";
    return { handler: "onnx_image_classifier", warnings: [warning] };
  }
  throw new ArchiverError("usage", `TorchServe's ${handler} cannot run ONNX`, {
    remedy: "With --convert onnx, --handler is onnx_image_classifier, onnx_text_classifier, onnx_tensor or a file.",
  });
}

/** The plan of the original model, with the names that the converted one will have; its size is that of the original. */
function foretold(plan: ArchiveResult, model: string, name: string, from: string): ArchiveResult {
  const { manifest } = plan;
  return {
    ...plan,
    entries: plan.entries.map((entry) => (entry.path === model ? { ...entry, path: name, from } : entry)),
    manifest: { ...manifest, model: { ...manifest.model, serializedFile: name } },
  };
}

/** The archive's date is that of its newest input: equal inputs still give equal bytes. */
async function keepTime(model: string, files: readonly string[]): Promise<void> {
  const { atime, mtime } = await stat(model);
  for (const file of files) if (await stat(file).catch(() => null)) await utimes(file, atime, mtime);
}
