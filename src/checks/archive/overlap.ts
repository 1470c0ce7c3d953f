import { anomalyCheck } from "./anomaly-check.ts";

export const overlap = anomalyCheck({
  id: "archive/overlap",
  title: "Entries do not share bytes",
  severity: "error",
  why: "Entries that overlap are how small files unpack to petabytes, and how one byte means two things.",
  remedy: "Pack the archive again with `model-archiver archive --from`, and find out who changed it.",
  containers: ["zip"],
});
