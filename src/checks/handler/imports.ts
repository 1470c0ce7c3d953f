import type { PythonImport } from "../../python/imports.ts";
import { isStandardModule } from "../../python/stdlib.ts";
import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { hasModule } from "../python/archive-modules.ts";
import { reachableModules } from "../python/reachable-modules.ts";
import { bringsModule } from "../requirements/import-names.ts";
import { readRequirements } from "../requirements/read-requirements.ts";
import { handlerMissing } from "./missing.ts";
import { handlerSyntax } from "./syntax.ts";

/** What an installation of TorchServe has: itself, its requirements, and PyTorch's. */
const server = new Set(
  `ts torch torchvision torchaudio torchtext functorch numpy PIL yaml psutil packaging requests pynvml captum setuptools
  pkg_resources wheel Cython cython enum_compat model_archiver workflow_archiver typing_extensions sympy networkx jinja2
  fsspec filelock mpmath markupsafe urllib3 certifi idna charset_normalizer six tqdm`.split(/\s+/),
);

export const handlerImports: Check = {
  id: "handler/imports",
  title: "Imports of the handler are known to resolve",
  severity: "warning",
  why: "A module that the server lacks stops the worker, which then complains of ts.torch_handler instead.",
  remedy: "Pack the module with --extra-files, or list its package in --requirements-file.",
  after: [handlerMissing, handlerSyntax],
  async *run(subject) {
    const modules = await reachableModules(subject);
    if (modules.length === 0) return notApplicable;
    const requirements = (await readRequirements(subject))?.requirements ?? [];
    const told = new Set<string>();
    for (const { path, module } of modules) {
      for (const one of module?.imports ?? []) {
        const root = one.module.split(".")[0] ?? "";
        if (one.level > 0 || one.soft || told.has(root) || isKnown(root)) continue;
        if (hasModule(subject, root) || requirements.some((each) => bringsModule(each.name, root))) continue;
        told.add(root);
        yield {
          message: `${root} is neither in the archive nor in its requirements, and TorchServe does not bring it; without it ${consequence(one)}.`,
          at: `${path}:${one.line}:${one.column}`,
        };
      }
    }
  },
};

function isKnown(root: string): boolean {
  return root === "" || server.has(root) || isStandardModule(root);
}

function consequence(one: PythonImport): string {
  return one.deferred ? "the function that imports it fails" : "the worker dies";
}
