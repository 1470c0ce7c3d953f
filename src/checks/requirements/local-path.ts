import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { isRemote } from "./foreign-source.ts";
import { readRequirements } from "./read-requirements.ts";

export const localPath: Check = {
  id: "requirements/local-path",
  title: "Requirements do not lie on somebody's disk",
  severity: "warning",
  why: "TorchServe runs pip in a folder of its own, where a path of the packager's machine leads nowhere.",
  remedy: "Publish the package to an index, or pack its modules with --extra-files.",
  async *run(subject) {
    const file = await readRequirements(subject);
    if (file === null) return notApplicable;
    for (const { source, line } of file.requirements) {
      if (source === null || isRemote(source)) continue;
      yield { message: `${source} is a path; pip fails where it does not exist.`, at: `${file.path}:${line}` };
    }
  },
};
