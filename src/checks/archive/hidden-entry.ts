import { anomalyCheck } from "./anomaly-check.ts";

export const hiddenEntry = anomalyCheck({
  id: "archive/hidden-entry",
  title: "Every entry is listed in the directory",
  severity: "error",
  why: "TorchServe unpacks what stands in the file, listed or not; a hidden entry can replace the handler.",
  remedy: "Pack the archive again with `model-archiver archive --from`, and find out who changed it.",
  containers: ["zip"],
});
