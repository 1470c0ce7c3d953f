import { anomalyCheck } from "./anomaly-check.ts";

export const pax = anomalyCheck({
  id: "archive/pax",
  title: "Pax records agree with the headers",
  severity: "error",
  why: "Names and sizes that are given twice with different values make readers see different data.",
  remedy: "Pack the archive again with `model-archiver archive --from`, and find out who changed it.",
  containers: ["tar", "tar.gz"],
});
