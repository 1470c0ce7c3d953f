import type { Check } from "../check.ts";
import { findingsOf } from "./archive-scan.ts";

export const dangerousGlobal: Check = {
  id: "pickle/dangerous-global",
  title: "Pickles use nothing but data types",
  severity: "error",
  why: "Loading a pickle calls what it names: a name outside of the harmless ones can run anything on the server.",
  remedy:
    "Save a state dict (torch.save(model.state_dict(), ...)) or safetensors; accept one name with --allow-global MODULE.NAME.",
  run: (subject) => findingsOf(subject, ["dangerous"]),
};
