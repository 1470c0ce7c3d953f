import { anomalyCheck } from "../archive/anomaly-check.ts";

export const wideDataDescriptor = anomalyCheck({
  id: "serve/wide-data-descriptor",
  title: "Data descriptors have the width that TorchServe expects",
  severity: "error",
  why: "TorchServe answers 500 when the archive is registered: its reader expects 4-byte sizes behind entries below 4 GiB.",
  remedy: "Pack the archive again with `model-archiver archive`.",
  containers: ["zip"],
});
