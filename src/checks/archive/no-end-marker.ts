import { anomalyCheck } from "./anomaly-check.ts";

export const noEndMarker = anomalyCheck({
  id: "archive/no-end-marker",
  title: "Tar has its end marker",
  severity: "warning",
  why: "Without the two empty blocks nobody can tell whether the archive was cut off.",
  remedy: "Copy or download the archive again.",
  containers: ["tar", "tar.gz"],
});
