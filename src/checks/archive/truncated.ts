import { anomalyCheck } from "./anomaly-check.ts";

export const truncated = anomalyCheck({
  id: "archive/truncated",
  title: "Archive is complete",
  severity: "error",
  why: "A file that ends early was cut off on its way; TorchServe stops in the middle of it.",
  remedy: "Copy or download the archive again.",
  containers: ["zip", "tar", "tar.gz"],
});
