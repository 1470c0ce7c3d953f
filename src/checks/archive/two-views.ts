import { anomalyCheck } from "./anomaly-check.ts";

export const twoViews = anomalyCheck({
  id: "archive/two-views",
  title: "Local headers and central directory agree",
  severity: "error",
  why: "TorchServe reads the headers before the data, scanners read the directory at the end; where they differ, something else is served than was checked.",
  remedy: "Pack the archive again with `model-archiver archive --from`, and find out who changed it.",
  containers: ["zip"],
});
