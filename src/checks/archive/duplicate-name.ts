import { anomalyCheck } from "./anomaly-check.ts";

export const duplicateName = anomalyCheck({
  id: "archive/duplicate-name",
  title: "No name occurs twice",
  severity: "error",
  why: "Some readers take the first, some the last: the file that was checked need not be the one that runs.",
  remedy: "Remove one of the two and pack the archive again.",
  containers: ["zip", "tar", "tar.gz"],
});
