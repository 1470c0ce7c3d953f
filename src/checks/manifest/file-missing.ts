import { manifestPath } from "../../manifest/manifest.ts";
import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { manifestMissing } from "./missing.ts";

const fileKeys = {
  serializedFile: "the worker dies: the model file is not there",
  modelFile: 'the worker dies: "Missing the model.py file"',
  requirementsFile: "with install_py_dep_per_model=true registering answers 400",
  configFile: "the worker dies: FileNotFoundError",
} as const;

export const fileMissing: Check = {
  id: "manifest/file-missing",
  title: "Every file that the manifest names is there",
  severity: "error",
  why: "The worker opens these files by the names in the manifest.",
  remedy: "Pack the model again with the file, or take its name out of the manifest.",
  after: [manifestMissing],
  async *run(subject) {
    const model = (await subject.manifest())?.manifest?.model;
    if (!model) return notApplicable;
    for (const [key, then] of Object.entries(fileKeys)) {
      const path = model[key];
      if (typeof path !== "string" || path === "" || subject.entry(path)?.kind === "file") continue;
      yield {
        message: `#/model/${key} names ${JSON.stringify(path)}, which the archive does not have; ${then}.`,
        at: manifestPath,
      };
    }
  },
};
