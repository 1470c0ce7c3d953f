import { anomalyCheck } from "./anomaly-check.ts";

export const corruptData = anomalyCheck({
  id: "archive/corrupt-data",
  title: "Compressed data is sound",
  severity: "error",
  why: "Damaged data stops the server in the middle of unpacking, or ends where another reader goes on.",
  remedy: "Copy or download the archive again, or pack it again.",
  containers: ["zip", "tar", "tar.gz"],
  content: true,
});
