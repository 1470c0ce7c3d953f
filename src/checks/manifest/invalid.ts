import { manifestPath, type ManifestIssue } from "../../manifest/manifest.ts";
import type { Check, Finding } from "../check.ts";
import { notApplicable } from "../check.ts";
import type { Subject } from "../subject.ts";
import { manifestMissing } from "./missing.ts";

export const manifestInvalid: Check = {
  id: "manifest/invalid",
  title: "Manifest is valid",
  severity: "error",
  why: "TorchServe's frontend (Java) and its worker (Python) both read the manifest; what one of them cannot read, or reads otherwise, stops the model.",
  remedy: "Pack the model again with model-archiver archive, or correct MAR-INF/MANIFEST.json at the place named.",
  after: [manifestMissing],
  async *run(subject) {
    if (subject.archive.container === "bare") return notApplicable;
    yield* issues(subject, "error");
  },
};

export const manifestQuestionable: Check = {
  id: "manifest/questionable",
  title: "Manifest says everything as TorchServe expects it",
  severity: "warning",
  why: "TorchServe reads over these, other tools may not.",
  remedy: "Correct MAR-INF/MANIFEST.json at the place named.",
  after: [manifestMissing],
  async *run(subject) {
    if (subject.archive.container === "bare") return notApplicable;
    yield* issues(subject, "warning");
  },
};

async function* issues(subject: Subject, severity: ManifestIssue["severity"]): AsyncGenerator<Finding> {
  for (const issue of (await subject.manifest())?.issues ?? []) {
    if (issue.severity !== severity) continue;
    yield {
      message: `${issue.pointer === "" ? "The document" : `#${issue.pointer}`} ${issue.message}.`,
      at: manifestPath,
    };
  }
}
