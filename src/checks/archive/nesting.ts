import { anomalyCheck } from "./anomaly-check.ts";

export const nesting = anomalyCheck({
  id: "archive/nesting",
  title: "Archives are not nested deeply",
  severity: "error",
  why: "Archives in archives hide their content from scanners and multiply when unpacked.",
  remedy: "Unpack the inner archives and pack their files.",
  content: true,
});
