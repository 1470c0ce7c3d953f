import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { servingHandler } from "../python/serving-handler.ts";

export const onnxBuiltinHandler: Check = {
  id: "serve/onnx-builtin-handler",
  title: "Handler can run an ONNX model",
  severity: "error",
  why: "All of TorchServe's own handlers call the model as a PyTorch module, which an ONNX Runtime session is not.",
  remedy: "Pack it again with --handler onnx_image_classifier, or bring a handler that overrides inference().",
  async *run(subject) {
    const model = await subject.model();
    if (model?.format !== "onnx" || subject.archive.container === "bare") return notApplicable;
    const handler = await servingHandler(subject);
    if (handler === null) return notApplicable;
    const calls = handler.kind === "server" ? !/^(?:vllm|trt_llm)_handler$/.test(handler.name) : handler.infers;
    const loads = handler.kind === "server" || handler.loads;
    if (!calls || !loads || !model.entry.path.endsWith(".onnx")) return;
    const who = handler.kind === "server" ? handler.name : "The handler";
    yield {
      message: `${who} cannot run an ONNX model: it registers, then every prediction answers 503: TypeError: 'InferenceSession' object is not callable.`,
      at: model.entry.path,
    };
  },
};
