import { anomalyCheck } from "./anomaly-check.ts";

export const specialFile = anomalyCheck({
  id: "archive/special-file",
  title: "Archive contains no devices or pipes",
  severity: "error",
  why: "Opening a device or pipe can hang or harm the machine; no model needs one.",
  remedy: "Remove the entry and pack the archive again.",
  containers: ["zip", "tar", "tar.gz", "directory"],
});
