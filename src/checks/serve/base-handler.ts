import { manifestPath } from "../../manifest/manifest.ts";
import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { servingHandler } from "../python/serving-handler.ts";

/** Modules of ts.torch_handler that have no preprocessing for requests. */
const bare = new Set(["base_handler", "text_handler", "vision_handler"]);

export const baseHandler: Check = {
  id: "serve/base-handler",
  title: "Handler can take a request",
  severity: "error",
  why: "base_handler turns the list of requests into a tensor as it is, which works only behind a service envelope.",
  remedy: "Choose image_classifier or another complete handler, or bring one that overrides preprocess().",
  async *run(subject) {
    const handler = await servingHandler(subject);
    if (handler?.kind !== "server") return notApplicable;
    const envelope = (await subject.manifest())?.manifest?.model["envelope"];
    if (!bare.has(handler.name) || (typeof envelope === "string" && envelope !== "")) return;
    yield {
      message: `${handler.name} registers, then every prediction answers 503: RuntimeError: Could not infer dtype of dict.`,
      at: manifestPath,
    };
  },
};
