import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { declaredClasses } from "../labels/declared-classes.ts";
import { servingHandler } from "../python/serving-handler.ts";

export const fewClasses: Check = {
  id: "serve/few-classes",
  title: "image_classifier finds its five classes",
  severity: "error",
  why: "image_classifier always asks for the top five.",
  remedy: "Bring a handler that sets topk, derived from ImageClassifier.",
  async *run(subject) {
    const handler = await servingHandler(subject);
    if (handler?.kind !== "server" || !handler.name.endsWith("image_classifier")) return notApplicable;
    const classes = await declaredClasses(subject);
    if (classes === null) return notApplicable;
    if (classes >= 5) return;
    yield {
      message: `The model has ${classes} outputs; it registers, then every prediction answers 503: selected index k out of range.`,
      at: (await subject.model())?.entry.path ?? null,
    };
  },
};
