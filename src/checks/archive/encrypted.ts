import { anomalyCheck } from "./anomaly-check.ts";

export const encrypted = anomalyCheck({
  id: "archive/encrypted",
  title: "No entry is encrypted",
  severity: "error",
  why: "TorchServe cannot read encrypted entries, and nothing in them can be checked.",
  remedy: "Pack the archive again without a password.",
  containers: ["zip"],
});
