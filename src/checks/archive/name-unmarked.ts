import { anomalyCheck } from "./anomaly-check.ts";

export const nameUnmarked = anomalyCheck({
  id: "archive/name-unmarked",
  title: "Names beyond ASCII are marked as UTF-8",
  severity: "warning",
  why: "TorchServe takes the name for UTF-8, other tools for code page 437, and shows another one.",
  remedy: "Pack the archive again with `model-archiver archive`.",
  containers: ["zip"],
});
