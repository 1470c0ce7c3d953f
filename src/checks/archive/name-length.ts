import { anomalyCheck } from "./anomaly-check.ts";

export const nameLength = anomalyCheck({
  id: "archive/name-length",
  title: "Names fit into file systems",
  severity: "error",
  why: "A name that is cut off can become the name of another file, or unpacking stops.",
  remedy: "Shorten the path and pack the archive again.",
  containers: ["zip", "tar", "tar.gz", "directory"],
});
