import { anomalyCheck } from "./anomaly-check.ts";

export const secondName = anomalyCheck({
  id: "archive/second-name",
  title: "Entries have one name",
  severity: "error",
  why: "A second name in an extra field renames the entry for some readers only.",
  remedy: "Pack the archive again with `model-archiver archive --from`, and find out who changed it.",
  containers: ["zip"],
});
