import { anomalyCheck } from "./anomaly-check.ts";

export const sizeMismatch = anomalyCheck({
  id: "archive/size-mismatch",
  title: "Entries have the size they declare",
  severity: "error",
  why: "A server that trusts the header reads less or more than was checked.",
  remedy: "Pack the archive again with `model-archiver archive --from`, and find out who changed it.",
  containers: ["zip", "tar", "tar.gz"],
  content: true,
});
