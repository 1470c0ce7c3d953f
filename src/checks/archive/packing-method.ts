import { anomalyCheck } from "./anomaly-check.ts";

export const packingMethod = anomalyCheck({
  id: "archive/packing-method",
  title: "Entries are stored or deflated",
  severity: "error",
  why: "TorchServe's reader knows no other method and stops at the entry.",
  remedy: "Pack the archive again with `model-archiver archive`.",
  containers: ["zip"],
});
