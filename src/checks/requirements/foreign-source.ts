import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { readRequirements } from "./read-requirements.ts";

const redirecting: Readonly<Record<string, string>> = {
  "--index-url": "replaces the package index",
  "--extra-index-url": "adds a package index, from which any package may come",
  "--find-links": "adds a place that packages are taken from",
  "--trusted-host": "turns off the check of a host's certificate",
  "--editable": "installs from a source tree",
  "--requirement": "reads requirements from there",
  "--constraint": "reads versions from there",
};

/** pip's own default, spelt out. */
const usualIndex = /^https:\/\/pypi\.org\/simple\/?$/;

export const foreignSource: Check = {
  id: "requirements/foreign-source",
  title: "Requirements come from the server's package index",
  severity: "error",
  why: "A URL, a version control address or another index puts the server's Python into the hands of whoever owns that host.",
  remedy: "Name the package and its version only, and let the server's operator choose the index.",
  async *run(subject) {
    const file = await readRequirements(subject);
    if (file === null) return notApplicable;
    for (const { name, value, line } of file.options) {
      const why = redirecting[name];
      const asks = name === "--trusted-host" || isRemote(value);
      if (why !== undefined && asks && !usualIndex.test(value))
        yield { message: `${name} ${value} ${why}.`, at: `${file.path}:${line}` };
    }
    for (const { source, line } of file.requirements) {
      if (source === null || !isRemote(source)) continue;
      yield {
        message: `${source} is taken from that address and not from the package index.`,
        at: `${file.path}:${line}`,
      };
    }
  },
};

/** A URL or version control address, and not a file of the server's machine. */
export function isRemote(source: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(source) && !/^file:/i.test(source);
}
