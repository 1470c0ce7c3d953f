import { anomalyCheck } from "./anomaly-check.ts";

export const notAnArchive = anomalyCheck({
  id: "archive/not-an-archive",
  title: "File is an archive or a model",
  severity: "error",
  why: "A file whose name says archive and whose content says otherwise was damaged, or is meant to mislead.",
  remedy: "Check how the file was copied or downloaded, and pack it again.",
});
