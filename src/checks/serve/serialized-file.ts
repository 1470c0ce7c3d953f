import { manifestPath, type ManifestModel } from "../../manifest/manifest.ts";
import { formatNames, type ModelFormat } from "../../model/model-format.ts";
import type { Check, Finding } from "../check.ts";
import { notApplicable } from "../check.ts";
import { servingHandler } from "../python/serving-handler.ts";
import type { Subject } from "../subject.ts";
import { fileMissing } from "../manifest/file-missing.ts";

/** Handlers of TorchServe that do not load the model by BaseHandler.initialize. */
const otherLoaders = new Set(["vllm_handler", "trt_llm_handler", "densenet_handler", "dali_handler"]);

export const serializedFile: Check = {
  id: "serve/serialized-file",
  title: "TorchServe can load the model file",
  severity: "error",
  why: "BaseHandler.initialize chooses by the file's suffix, literally: .pt is TorchScript, .onnx ONNX, anything else needs a model file.",
  remedy:
    "Pack TorchScript as .pt, a state dict with --model-file, ONNX as .onnx, or bring a handler that loads the file itself.",
  after: [fileMissing],
  async *run(subject) {
    const manifest = (await subject.manifest())?.manifest;
    const handler = await servingHandler(subject);
    if (!manifest || handler === null) return notApplicable;
    const loads = handler.kind === "server" ? !otherLoaders.has(handler.name) : handler.loads;
    if (!loads) return notApplicable;
    const trouble = await loadTrouble(subject, manifest.model);
    if (trouble) yield trouble;
  },
};

/** What `BaseHandler.initialize` of ts/torch_handler/base_handler.py would raise, in its order. */
async function loadTrouble(subject: Subject, model: ManifestModel): Promise<Finding | null> {
  const file = model.serializedFile;
  const eager = typeof model.modelFile === "string" && model.modelFile !== "";
  if (file === undefined || file === "") {
    if (eager) return null;
    const message =
      "There is neither a model file nor a serialized file; the worker dies: AttributeError: 'NoneType' object has no attribute 'endswith'.";
    return { message, at: manifestPath };
  }
  const format = (await subject.model())?.format ?? "unknown";
  const raised = eager ? eagerError(format) : suffixError(file, format);
  if (raised === null || (!eager && file.endsWith(".so") && (await compilesAhead(subject)))) return null;
  return { message: `${file} is ${article(format)}; the worker dies: ${raised}.`, at: file };
}

/** `torch.load`, then `load_state_dict`. */
function eagerError(format: ModelFormat): string | null {
  if (format === "torch-zip" || format === "torch-legacy") return null;
  if (format === "torchscript") return "load_state_dict expects a state dict, and this is a program";
  return "torch.load cannot read it";
}

function suffixError(file: string, format: ModelFormat): string | null {
  if (file.endsWith(".pt")) {
    if (format === "torchscript") return null;
    const zip = format === "torch-zip" || format === "torch-export";
    return zip ? "PytorchStreamReader failed locating file constants.pkl" : "torch.jit.load cannot read it";
  }
  if (file.endsWith(".onnx")) return format === "onnx" ? null : "ONNX Runtime cannot read it";
  return "RuntimeError: No model weights could be loaded";
}

function article(format: ModelFormat): string {
  if (format === "unknown") return "in no format that we know";
  return /^[aeiouO]/.test(formatNames[format]) ? `an ${formatNames[format]} file` : `a ${formatNames[format]} file`;
}

/** `pt2: {export: {aot_compile: true}}` in model-config.yaml. */
async function compilesAhead(subject: Subject): Promise<boolean> {
  const config = (await subject.manifest())?.manifest?.model.configFile;
  const text = config === undefined ? null : await subject.text(config);
  return text !== null && /aot_compile\s*:\s*true/i.test(text);
}
