import type { Check } from "../check.ts";
import { findingsOf } from "./archive-scan.ts";

export const frameworkClass: Check = {
  id: "pickle/framework-class",
  title: "Pickles hold plain data and tensors only",
  severity: "warning",
  why: "Classes of libraries tie the file to the versions it was made with, and torch.load(weights_only=True) refuses them.",
  remedy: "Save a state dict (torch.save(model.state_dict(), ...)), or export the model to ONNX.",
  run: (subject) => findingsOf(subject, ["framework-class"]),
};
