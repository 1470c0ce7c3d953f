import { anomalyCheck } from "./anomaly-check.ts";

export const unsafeName = anomalyCheck({
  id: "archive/unsafe-name",
  title: "Names mean the same on every system",
  severity: "error",
  why: "Backslashes, control characters, device names and empty segments are read differently, so that one check does not fit all.",
  remedy: "Rename the file and pack the archive again.",
  containers: ["zip", "tar", "tar.gz", "directory"],
});
