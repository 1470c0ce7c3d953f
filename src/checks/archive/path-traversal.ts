import { anomalyCheck } from "./anomaly-check.ts";

export const pathTraversal = anomalyCheck({
  id: "archive/path-traversal",
  title: "No entry leaves the folder",
  severity: "error",
  why: "`..` in a name writes to places that the unpacking program never meant to touch.",
  remedy: "Do not use this archive; ask where it came from.",
  containers: ["zip", "tar", "tar.gz", "directory"],
});
