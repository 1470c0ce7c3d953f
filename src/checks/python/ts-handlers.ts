/**
 * Modules of `ts.torch_handler` (TorchServe 0.12.0) and the class each defines. All have `initialize` and `handle`,
 * and all but `densenet_handler` load their model by BaseHandler.initialize.
 */
const rows: Readonly<Record<string, { readonly type: string; readonly needs: string }>> = {
  base_handler: { type: "BaseHandler", needs: "" },
  vision_handler: { type: "VisionHandler", needs: "captum" },
  image_classifier: { type: "ImageClassifier", needs: "captum, torchvision" },
  object_detector: { type: "ObjectDetector", needs: "captum, torchvision" },
  image_segmenter: { type: "ImageSegmenter", needs: "captum, torchvision" },
  text_handler: { type: "TextHandler", needs: "captum" },
  text_classifier: { type: "TextClassifier", needs: "captum" },
  dali_handler: { type: "DALIHandler", needs: "nvidia-dali" },
  dali_image_classifier: { type: "DALIImageClassifier", needs: "nvidia-dali" },
  vllm_handler: { type: "VLLMHandler", needs: "vllm" },
  trt_llm_handler: { type: "TRTLLMHandler", needs: "tensorrt_llm" },
  densenet_handler: { type: "DenseNetHandler", needs: "" },
};

const distributed: readonly string[] = ["BaseDeepSpeedHandler", "BasePippyHandler"];
const classes = new Set([...Object.values(rows).map((row) => row.type), ...distributed]);

/** Whether `ts.torch_handler.<name>` is a module with one handler class, which TorchServe falls back to. */
export function isServerHandler(name: string): boolean {
  return Object.hasOwn(rows, name);
}

/** Whether this is a handler class of the server's, e.g. `BaseHandler` of `ts.torch_handler.base_handler`. */
export function isServerClass(module: string, name: string): boolean {
  return module.startsWith("ts.torch_handler") && classes.has(name);
}
