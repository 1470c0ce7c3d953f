import { anomalyCheck } from "./anomaly-check.ts";

export const tarKind = anomalyCheck({
  id: "archive/tar-kind",
  title: "Tar holds files and folders only",
  severity: "error",
  why: "Sparse files, continuations and unknown types are read differently by every tool.",
  remedy: "Pack the archive again with `model-archiver archive --archive-format tgz`.",
  containers: ["tar", "tar.gz"],
});
