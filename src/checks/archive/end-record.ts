import { anomalyCheck } from "./anomaly-check.ts";

export const endRecord = anomalyCheck({
  id: "archive/end-record",
  title: "End record of the ZIP agrees with the file",
  severity: "error",
  why: "Readers find a ZIP by its end record; where its counts or lengths are wrong they disagree about what the archive holds.",
  remedy: "Pack the archive again with `model-archiver archive --from`, and find out who changed it.",
  containers: ["zip"],
});
