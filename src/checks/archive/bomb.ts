import { anomalyCheck } from "./anomaly-check.ts";

export const bomb = anomalyCheck({
  id: "archive/bomb",
  title: "Archive is no compression bomb",
  severity: "error",
  why: "A few kilobytes that unpack to gigabytes fill disk and memory of the machine that serves them.",
  remedy: "Do not unpack this archive; ask where it came from.",
  containers: ["zip", "tar", "tar.gz"],
  content: true,
});
