/** TorchServe's own Python handlers (pytorch/serve: ts/torch_handler), for which an archive carries no file. */
export const builtInHandlers: ReadonlySet<string> = new Set([
  "base_handler",
  "text_classifier",
  "image_classifier",
  "object_detector",
  "image_segmenter",
  "dali_image_classifier",
  "vllm_handler",
  "trt_llm_handler",
]);

/** The C++ backend's own handlers (`runtime: LSP`). */
export const builtInLibraries: ReadonlySet<string> = new Set(["BaseHandler", "TorchScriptHandler"]);

/** Whether the server has this handler itself. */
export function isBuiltInHandler(handler: string, runtime: string): boolean {
  return (runtime === "LSP" ? builtInLibraries : builtInHandlers).has(handler);
}
