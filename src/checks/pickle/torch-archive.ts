import type { Check } from "../check.ts";
import { findingsOf } from "./archive-scan.ts";

export const torchArchive: Check = {
  id: "pickle/torch-archive",
  title: "Torch files are sound ZIP archives",
  severity: "error",
  why: "PyTorch's ZIP reader and others disagree on damaged archives: a scanner sees one model and the server loads another.",
  remedy: "Save the model again with torch.save or torch.jit.save.",
  run: (subject) => findingsOf(subject, ["torch-archive"]),
};
