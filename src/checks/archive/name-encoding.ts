import { anomalyCheck } from "./anomaly-check.ts";

export const nameEncoding = anomalyCheck({
  id: "archive/name-encoding",
  title: "Names are valid UTF-8",
  severity: "error",
  why: "Each reader replaces invalid bytes in its own way, so that a name means different files.",
  remedy: "Rename the file and pack the archive again.",
  containers: ["zip", "tar", "tar.gz"],
});
