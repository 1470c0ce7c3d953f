import { anomalyCheck } from "../archive/anomaly-check.ts";

export const flatTar = anomalyCheck({
  id: "serve/flat-tar",
  title: "Tar keeps its files below one folder",
  severity: "error",
  why: "TorchServe cuts each name up to its first slash; without a folder it finds no manifest and answers 400.",
  remedy: "Pack the archive again with `model-archiver archive --archive-format tgz`.",
  containers: ["tar", "tar.gz"],
});
