import { ArchiverError } from "../errors.ts";
import { formatSize } from "../format-size.ts";
import { formatNames, type ModelFormat } from "../model/model-format.ts";
import type { FolderContents, FoundModel } from "./folder-contents.ts";
import type { OwnHandler, PythonRoles } from "./own-handler.ts";

/** Which model, by whose handler. */
export interface ModelChoice {
  readonly model: FoundModel;
  /** Null: one of TorchServe's own, or of ours, must do. */
  readonly handler: OwnHandler | null;
  readonly reason: string;
  readonly notes: readonly string[];
}

/** The first can be served with the least besides. */
const order: readonly ModelFormat[] = [
  "torchscript",
  "onnx",
  "torch-export",
  "torch-zip",
  "torch-legacy",
  "safetensors",
  "pickle",
];

/** The model to pack, with the handler of the folder that fits it. Throws ArchiverError `no-model`. */
export function chooseModel(contents: FolderContents, { handlers }: PythonRoles): ModelChoice {
  const { models, files, folder } = contents;
  const [handler = null, ...otherHandlers] = handlers.toSorted((a, b) => rank(a) - rank(b));
  const fits = (model: FoundModel): boolean => handler === null || runs(handler, model.format);
  const [model, ...others] = models.toSorted(
    (a, b) => Number(fits(b)) - Number(fits(a)) || order.indexOf(a.format) - order.indexOf(b.format),
  );
  if (model === undefined) throw new ArchiverError("no-model", `no model among the ${files.length} files of ${folder}`);
  const size = `${formatNames[model.format]}, ${formatSize(model.size)}`;
  return {
    model,
    handler,
    reason: others.length === 0 ? size : `${size}: ${whyThis(model, others, handler)}`,
    notes: [
      ...(others.length === 0 ? [] : [`other models here: ${others.map(named).join(", ")}`]),
      ...(otherHandlers.length === 0
        ? []
        : [`other handlers here: ${otherHandlers.map(({ path }) => path).join(", ")}`]),
    ],
  };
}

/** `handler.py` before `model_handler.py` before whatever else has a `handle`. */
function rank({ path }: OwnHandler): number {
  return path === "handler.py" ? 0 : path.includes("handler") ? 1 : 2;
}

/** Whether the handler's imports speak for this format. */
function runs({ imports }: OwnHandler, format: ModelFormat): boolean {
  if (imports.has("onnxruntime")) return format === "onnx";
  if (imports.has("safetensors")) return format === "safetensors";
  return format !== "onnx";
}

function whyThis(model: FoundModel, others: readonly FoundModel[], handler: OwnHandler | null): string {
  if (others.every(({ format }) => format === model.format)) return "the first by name";
  if (handler !== null && runs(handler, model.format)) return `what ${handler.path} imports fits it`;
  return "of these formats it needs the least besides";
}

const named = ({ path, format }: FoundModel): string => `${path} (${formatNames[format]})`;
