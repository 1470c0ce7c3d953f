import { manifestPath } from "../../manifest/manifest.ts";
import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";

export const notInstalled: Check = {
  id: "requirements/not-installed",
  title: "Requirements need no setting of the server",
  severity: "note",
  why: "TorchServe ignores the requirements file unless its config.properties says install_py_dep_per_model=true.",
  remedy: "Set install_py_dep_per_model=true, or install the packages on the server.",
  async *run(subject) {
    const path = (await subject.manifest())?.manifest?.model.requirementsFile;
    if (path === undefined) return notApplicable;
    yield {
      message: `TorchServe installs ${path} only with install_py_dep_per_model=true; by default it ignores it.`,
      at: manifestPath,
    };
  },
};
