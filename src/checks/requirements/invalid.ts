import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { readRequirements } from "./read-requirements.ts";

export const requirementsInvalid: Check = {
  id: "requirements/invalid",
  title: "Requirements file can be read by pip",
  severity: "error",
  why: "pip stops at a line that it cannot read; with install_py_dep_per_model=true TorchServe then answers 400.",
  remedy: "Write one requirement a line, as in `numpy==1.26.4`.",
  async *run(subject) {
    const path = (await subject.manifest())?.manifest?.model.requirementsFile;
    if (path === undefined || subject.entry(path)?.kind !== "file") return notApplicable;
    const file = await readRequirements(subject);
    if (file === null) {
      yield { message: "The file is over 1 MiB or no UTF-8 text, so pip cannot read it.", at: path };
      return;
    }
    for (const { line, message } of file.errors) {
      yield {
        message: `${message}; registering answers 400 "Custom pip package installation failed".`,
        at: `${path}:${line}`,
      };
    }
  },
};
