import { anomalyCheck } from "../archive/anomaly-check.ts";

export const storedDataDescriptor = anomalyCheck({
  id: "serve/stored-data-descriptor",
  title: "Stored entries have their size in front",
  severity: "error",
  why: "TorchServe answers 500 when the archive is registered: its reader accepts sizes behind the data for deflated entries only.",
  remedy: "Pack the archive again with `model-archiver archive`.",
  containers: ["zip"],
});
