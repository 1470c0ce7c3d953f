import { anomalyCheck } from "./anomaly-check.ts";

export const fileAndFolder = anomalyCheck({
  id: "archive/file-and-folder",
  title: "No name is a file and a folder",
  severity: "error",
  why: "Unpacking fails or drops one of the two, depending on the order.",
  remedy: "Rename one of the two and pack the archive again.",
  containers: ["zip", "tar", "tar.gz"],
});
