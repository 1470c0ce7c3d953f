import { anomalyCheck } from "./anomaly-check.ts";

export const secondEndRecord = anomalyCheck({
  id: "archive/second-end-record",
  title: "ZIP has one end record",
  severity: "error",
  why: "Each end record opens another archive in the same file: one for the scanner, one for the server.",
  remedy: "Pack the archive again with `model-archiver archive --from`, and find out who changed it.",
  containers: ["zip"],
});
