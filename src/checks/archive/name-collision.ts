import { anomalyCheck } from "./anomaly-check.ts";

export const nameCollision = anomalyCheck({
  id: "archive/name-collision",
  title: "Names differ by more than case or composition",
  severity: "error",
  why: "On file systems that ignore case or Unicode composition one file overwrites the other.",
  remedy: "Rename one of the two and pack the archive again.",
  containers: ["zip", "tar", "tar.gz", "directory"],
});
