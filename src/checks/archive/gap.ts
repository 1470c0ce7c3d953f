import { anomalyCheck } from "./anomaly-check.ts";

export const gap = anomalyCheck({
  id: "archive/gap",
  title: "Every byte belongs to an entry",
  severity: "error",
  why: "Bytes between entries are hidden from every listing and can carry anything.",
  remedy: "Pack the archive again with `model-archiver archive --from`, and find out who changed it.",
  containers: ["zip"],
});
