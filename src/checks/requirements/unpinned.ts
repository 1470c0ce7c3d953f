import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { readRequirements } from "./read-requirements.ts";

export const unpinned: Check = {
  id: "requirements/unpinned",
  title: "Requirements are pinned",
  severity: "warning",
  why: "TorchServe installs with `pip install -U`: tomorrow's worker gets other code than today's.",
  remedy: "Pin each package with ==.",
  async *run(subject) {
    const file = await readRequirements(subject);
    if (file === null) return notApplicable;
    for (const { name, versions, source, line } of file.requirements) {
      if (source !== null || /^===?\s*[^\s*,]+$/.test(versions)) continue;
      yield { message: `${name}${versions} leaves the version open.`, at: `${file.path}:${line}` };
    }
  },
};
