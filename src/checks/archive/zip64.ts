import { anomalyCheck } from "./anomaly-check.ts";

export const zip64 = anomalyCheck({
  id: "archive/zip64",
  title: "ZIP64 values agree with the others",
  severity: "error",
  why: "Sizes and offsets that are given twice with different values make readers see different data.",
  remedy: "Pack the archive again with `model-archiver archive --from`, and find out who changed it.",
  containers: ["zip"],
});
