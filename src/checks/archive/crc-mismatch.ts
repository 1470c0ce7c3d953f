import { anomalyCheck } from "./anomaly-check.ts";

export const crcMismatch = anomalyCheck({
  id: "archive/crc-mismatch",
  title: "Every CRC-32 is right",
  severity: "error",
  why: "The data is not what was packed: damaged on the way, or changed without care for the checksum.",
  remedy: "Copy or download the archive again, or pack it again.",
  content: true,
});
