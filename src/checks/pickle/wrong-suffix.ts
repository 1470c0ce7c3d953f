import type { Check } from "../check.ts";
import { findingsOf } from "./archive-scan.ts";

export const wrongSuffix: Check = {
  id: "pickle/wrong-suffix",
  title: "Files named as pickles or torch files are such",
  severity: "error",
  why: "The loader that the name chooses cannot read the file.",
  remedy: "Give the file the suffix of its content, or pack the right file.",
  run: (subject) => findingsOf(subject, ["wrong-suffix"]),
};
