import type { Check } from "../check.ts";
import { findingsOf } from "./archive-scan.ts";

export const pickleUnscannable: Check = {
  id: "pickle/unscannable",
  title: "Everything that loads as a model can be looked into",
  severity: "error",
  why: "What cannot be looked into can hold anything.",
  remedy: "Store the model uncompressed, or compressed with gzip.",
  run: (subject) => findingsOf(subject, ["unscannable"]),
};
