import { anomalyCheck } from "./anomaly-check.ts";

export const centralDirectory = anomalyCheck({
  id: "archive/central-directory",
  title: "Central directory is where and what it is said to be",
  severity: "error",
  why: "An entry that the count leaves out, or a directory in another place, is seen by some readers only.",
  remedy: "Pack the archive again with `model-archiver archive --from`, and find out who changed it.",
  containers: ["zip"],
});
