import { anomalyCheck } from "../archive/anomaly-check.ts";

export const nameEncoding = anomalyCheck({
  id: "serve/name-encoding",
  title: "Names are UTF-8, as TorchServe reads them",
  severity: "error",
  why: "TorchServe answers 500 when the archive is registered: its reader takes every name for UTF-8.",
  remedy: "Rename the file and pack the archive again.",
  containers: ["zip"],
});
