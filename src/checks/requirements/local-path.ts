import { posix } from "node:path";
import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import type { Subject } from "../subject.ts";
import { isRemote } from "./foreign-source.ts";
import { readRequirements } from "./read-requirements.ts";

const pathOptions = new Set([
  "--editable",
  "--requirement",
  "--constraint",
  "--find-links",
  "--index-url",
  "--extra-index-url",
]);

export const localPath: Check = {
  id: "requirements/local-path",
  title: "Requirements do not lie on somebody's disk",
  severity: "error",
  why: "A path of the packager's machine leads nowhere on the server, or to whatever lies there.",
  remedy: "Publish the package to an index, or pack it with --extra-files and name it by its path in the archive.",
  async *run(subject) {
    const file = await readRequirements(subject);
    if (file === null) return notApplicable;
    const paths = [
      ...file.requirements.map(({ source, line }) => ({ path: source, line })),
      ...file.options.filter(({ name }) => pathOptions.has(name)).map(({ value, line }) => ({ path: value, line })),
    ];
    for (const { path, line } of paths) {
      if (path === null || isRemote(path) || isPacked(subject, path)) continue;
      yield {
        message: `${path} is a path outside of the archive; with install_py_dep_per_model=true registering answers 400.`,
        at: `${file.path}:${line}`,
      };
    }
  },
};

/** A file or folder of the archive, from whose root pip runs. */
function isPacked(subject: Subject, path: string): boolean {
  const plain = posix.normalize(path.replace(/\[[^\]]*\]$/, "")).replace(/\/$/, "");
  if (plain.startsWith("/") || plain.startsWith("..") || plain.includes(":")) return false;
  return subject.archive.entries.some((entry) => entry.path === plain || entry.path.startsWith(`${plain}/`));
}
