import { manifestPath } from "../../manifest/manifest.ts";
import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { manifestMissing } from "./missing.ts";

// eslint-disable-next-line no-control-regex
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

export const unsafeName: Check = {
  id: "manifest/unsafe-name",
  title: "Names in the manifest lead nowhere",
  severity: "error",
  why: "Tools make file names, URLs and log lines of them: a path or a control character there is an attack or a mistake.",
  remedy: "Use letters, digits, '.', '_' and '-', as torch-model-archiver demands.",
  after: [manifestMissing],
  async *run(subject) {
    const model = (await subject.manifest())?.manifest?.model;
    if (!model) return notApplicable;
    for (const key of ["modelName", "modelVersion", "handler"] as const) {
      const value = model[key] ?? "";
      const parts = value.split(/[/\\]/);
      const climbs = parts.includes("..") || value.startsWith("/") || (key === "modelName" && parts.length > 1);
      if (!climbs && !unprintable.test(value)) continue;
      const what = climbs ? "is a path" : "has control characters";
      yield { message: `#/model/${key} ${JSON.stringify(value)} ${what}.`, at: manifestPath };
    }
  },
};
