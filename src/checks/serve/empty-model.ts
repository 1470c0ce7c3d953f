import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";

export const emptyModel: Check = {
  id: "serve/empty-model",
  title: "Model file is not empty",
  severity: "warning",
  why: "An empty file is a placeholder: a handler that opens it fails.",
  remedy: "Pack the model's weights.",
  async *run(subject) {
    const path = (await subject.manifest())?.manifest?.model.serializedFile;
    const entry = path === undefined ? null : subject.entry(path);
    if (entry?.kind !== "file") return notApplicable;
    if (entry.size === 0) yield { message: "The model file has 0 bytes.", at: entry.path };
  },
};
