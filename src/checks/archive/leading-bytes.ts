import { anomalyCheck } from "./anomaly-check.ts";

export const leadingBytes = anomalyCheck({
  id: "archive/leading-bytes",
  title: "Nothing precedes the archive",
  severity: "error",
  why: "TorchServe reads from the first byte and finds no entry at all; other tools find them, so what was checked is not what is served.",
  remedy: "Pack the archive again with `model-archiver archive --from`, and find out who changed it.",
  containers: ["zip"],
});
