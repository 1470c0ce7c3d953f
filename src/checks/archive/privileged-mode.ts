import { anomalyCheck } from "./anomaly-check.ts";

export const privilegedMode = anomalyCheck({
  id: "archive/privileged-mode",
  title: "No entry has setuid, setgid or sticky bits",
  severity: "warning",
  why: "Unpacked by root, such a file runs with the rights of its owner.",
  remedy: "Remove the bits with chmod and pack the archive again.",
  containers: ["zip", "tar", "tar.gz", "directory"],
});
