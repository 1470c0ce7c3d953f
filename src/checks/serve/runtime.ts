import { manifestPath } from "../../manifest/manifest.ts";
import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";

const warnings: Readonly<Record<string, string>> = {
  python3:
    "TorchServe starts python3 from the PATH, which may not be the Python that has TorchServe: No module named 'ts'",
  LSP: "TorchServe's package on PyPI has no C++ backend: model_worker_socket not found",
};

export const runtimeDepends: Check = {
  id: "serve/runtime",
  title: "Runtime is the server's own Python",
  severity: "warning",
  why: "Only the runtime `python` is the interpreter that the server itself is configured with.",
  remedy: "Pack with --runtime python, unless you know the server's machine.",
  async *run(subject) {
    const manifest = (await subject.manifest())?.manifest;
    if (!manifest) return notApplicable;
    const warning = warnings[manifest.runtime];
    if (warning) yield { message: `The runtime is ${manifest.runtime}. ${warning}.`, at: manifestPath };
  },
};
