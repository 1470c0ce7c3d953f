import type { Check } from "../check.ts";
import { findingsOf } from "./archive-scan.ts";

export const unscanned: Check = {
  id: "pickle/unscanned",
  title: "Every member could be looked into, and none is odd",
  severity: "warning",
  why: "Pickles can hide in what was not opened.",
  remedy: "Leave out packed files that the handler does not need.",
  run: (subject) => findingsOf(subject, ["unscanned"]),
};
