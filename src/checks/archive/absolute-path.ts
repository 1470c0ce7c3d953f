import { anomalyCheck } from "./anomaly-check.ts";

export const absolutePath = anomalyCheck({
  id: "archive/absolute-path",
  title: "No entry has an absolute path",
  severity: "error",
  why: "An absolute name writes to that very place on the machine that unpacks it.",
  remedy: "Do not use this archive; ask where it came from.",
  containers: ["zip", "tar", "tar.gz", "directory"],
});
