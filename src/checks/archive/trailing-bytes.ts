import { anomalyCheck } from "./anomaly-check.ts";

export const trailingBytes = anomalyCheck({
  id: "archive/trailing-bytes",
  title: "Nothing follows the archive",
  severity: "error",
  why: "Bytes behind the end can be a second archive or a payload that no check of the entries sees.",
  remedy: "Pack the archive again with `model-archiver archive --from`, and find out who changed it.",
  containers: ["zip", "tar", "tar.gz"],
});
