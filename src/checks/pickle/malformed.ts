import type { Check } from "../check.ts";
import { findingsOf } from "./archive-scan.ts";

export const pickleMalformed: Check = {
  id: "pickle/malformed",
  title: "Pickles are well-formed",
  severity: "error",
  why: "A stream that breaks or goes on behind its end has run its payload before any loader complains.",
  remedy: "Save the file again with the library that reads it.",
  run: (subject) => findingsOf(subject, ["malformed"]),
};
