import type { Check } from "../check.ts";
import { findingsOf } from "./archive-scan.ts";

export const unknownClass: Check = {
  id: "pickle/unknown-class",
  title: "Pickles hold no classes of unknown packages",
  severity: "warning",
  why: "The class must be importable on the server, and its code runs there when the model loads.",
  remedy: "Save a state dict instead of the object; accept one class with --allow-global MODULE.NAME.",
  run: (subject) => findingsOf(subject, ["unknown-class"]),
};
