import { type Check, notApplicable } from "../check.ts";
import { scanOf } from "./archive-scan.ts";

export const weightsOnly: Check = {
  id: "pickle/weights-only",
  title: "torch.load(weights_only=True) reads every pickle",
  severity: "note",
  why: "Since PyTorch 2.6 that is the default, and it never runs code of the file.",
  remedy: "Save a state dict: torch.save(model.state_dict(), ...).",
  async *run(subject) {
    const { pickles } = await scanOf(subject);
    if (pickles.size === 0) return notApplicable;
    for (const [path, refused] of pickles) {
      if (refused.length > 0) {
        const more = refused.length > 3 ? ` and ${refused.length - 3} more` : "";
        yield { message: `weights_only=True refuses ${refused.slice(0, 3).join(", ")}${more}`, at: path };
      }
    }
    return undefined;
  },
};
