import { manifestPath } from "../../manifest/manifest.ts";
import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";

export const manifestMissing: Check = {
  id: "manifest/missing",
  title: "Archive has a manifest",
  severity: "error",
  why: 'Without MAR-INF/MANIFEST.json TorchServe answers 400 "Model name is not defined.".',
  remedy: "Pack the model with model-archiver archive; a folder of files is no model archive.",
  async *run(subject) {
    if (subject.archive.container === "bare") return notApplicable;
    const entry = subject.entry(manifestPath);
    if (entry === null) yield { message: `There is no ${manifestPath}; registering answers 400.`, at: null };
    else if (entry.kind !== "file") {
      yield { message: `${manifestPath} is a ${entry.kind}, not a file; registering answers 400.`, at: manifestPath };
    }
  },
};
