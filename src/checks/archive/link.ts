import { anomalyCheck } from "./anomaly-check.ts";

export const link = anomalyCheck({
  id: "archive/link",
  title: "Archive contains no links",
  severity: "error",
  why: "A link can lead out of the folder, to be read or to be written through.",
  remedy: "Pack the file itself instead of the link.",
  containers: ["zip", "tar", "tar.gz", "directory"],
});
