import { anomalyCheck } from "./anomaly-check.ts";

export const flagsDiffer = anomalyCheck({
  id: "archive/flags-differ",
  title: "Local and central flags are equal",
  severity: "warning",
  why: "The sizes are right in both places, but strict readers refuse such an archive.",
  remedy: "Pack the archive again with `model-archiver archive --from`, and find out who changed it.",
  containers: ["zip"],
});
