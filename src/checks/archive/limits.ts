import { anomalyCheck } from "./anomaly-check.ts";

export const limits = anomalyCheck({
  id: "archive/limits",
  title: "Archive stays within the limits",
  severity: "error",
  why: "Counts and sizes far beyond those of any model are meant to exhaust whoever reads them.",
  remedy: "Raise the limit if the archive is yours and meant to be so large.",
  containers: ["zip", "tar", "tar.gz", "directory"],
});
