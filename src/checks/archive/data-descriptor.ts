import { anomalyCheck } from "./anomaly-check.ts";

export const dataDescriptor = anomalyCheck({
  id: "archive/data-descriptor",
  title: "Data descriptors agree with the directory",
  severity: "error",
  why: "The values behind the data are what a streaming reader goes by; wrong ones end or misdirect it.",
  remedy: "Pack the archive again with `model-archiver archive --from`, and find out who changed it.",
  containers: ["zip"],
});
