import { anomalyCheck } from "./anomaly-check.ts";

export const multiDisk = anomalyCheck({
  id: "archive/multi-disk",
  title: "Archive is one file",
  severity: "error",
  why: "A part of a split ZIP cannot be read by itself.",
  remedy: "Join the parts, then pack the archive again.",
  containers: ["zip"],
});
