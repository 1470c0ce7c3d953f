import { anomalyCheck } from "./anomaly-check.ts";

export const extraField = anomalyCheck({
  id: "archive/extra-field",
  title: "Extra fields are well formed",
  severity: "error",
  why: "Readers skip a damaged field differently, and a field that comes twice has two meanings.",
  remedy: "Pack the archive again with `model-archiver archive --from`, and find out who changed it.",
  containers: ["zip"],
});
