import { anomalyCheck } from "./anomaly-check.ts";

export const tarHeader = anomalyCheck({
  id: "archive/tar-header",
  title: "Tar headers are well formed",
  severity: "error",
  why: "Readers go on differently after a damaged header, and see different entries.",
  remedy: "Pack the archive again with `model-archiver archive --from`, and find out who changed it.",
  containers: ["tar", "tar.gz"],
});
