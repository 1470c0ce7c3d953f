import { anomalyCheck } from "./anomaly-check.ts";

export const gzip = anomalyCheck({
  id: "archive/gzip",
  title: "Gzip data is one sound member",
  severity: "error",
  why: "Some readers stop after the first member, some go on: they see different archives.",
  remedy: "Pack the archive again with `model-archiver archive --from`, and find out who changed it.",
  containers: ["tar.gz"],
});
