import { manifestPath } from "../../manifest/manifest.ts";
import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { servingHandler } from "../python/serving-handler.ts";

export const handlerFiles: Check = {
  id: "serve/handler-files",
  title: "Files that TorchServe's handler needs are there",
  severity: "error",
  why: "Some of TorchServe's own handlers open further files when the worker starts.",
  remedy: "Pack the file with --extra-files, under exactly this name.",
  async *run(subject) {
    const manifest = (await subject.manifest())?.manifest;
    const handler = await servingHandler(subject);
    if (!manifest || handler?.kind !== "server") return notApplicable;
    const { model } = manifest;
    if (/^text_(?:classifier|handler)$/.test(handler.name)) {
      const named = model["sourceVocab"];
      const file = typeof named === "string" ? named : "source_vocab.pt";
      if (subject.entry(file)?.kind !== "file") {
        yield {
          message: `${handler.name} needs ${file}; the worker dies: "Missing the source_vocab file".`,
          at: manifestPath,
        };
      }
    }
    if (/^(?:vllm|trt_llm|dali)/.test(handler.name) && !model.configFile) {
      yield {
        message: `${handler.name} reads its settings from model-config.yaml, and the manifest names none; the worker dies.`,
        at: manifestPath,
        remedy: "Pack a model-config.yaml with --config-file.",
      };
    }
  },
};
