import { isMarker } from "./marker.ts";

/** A line of pip's requirements file format (pip.pypa.io, "Requirements File Format") that asks for a package. */
interface Requirement {
  readonly name: string;
  readonly extras: string;
  /** `==1.0,!=1.1`; empty when any version will do. */
  readonly versions: string;
  /** From `name @ URL`, a bare URL, or a path. */
  readonly source: string | null;
  readonly line: number;
}

interface RequirementOption {
  /** `--index-url`, `-e`, … in the long form. */
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

export interface Requirements {
  readonly requirements: readonly Requirement[];
  readonly options: readonly RequirementOption[];
  readonly errors: readonly { readonly line: number; readonly message: string }[];
}

const longForms: Readonly<Record<string, string>> = {
  "-i": "--index-url",
  "-r": "--requirement",
  "-c": "--constraint",
  "-e": "--editable",
  "-f": "--find-links",
};
const fileOptions = new Set([
  ...Object.values(longForms),
  "--extra-index-url",
  "--no-index",
  "--no-binary",
  "--only-binary",
  "--prefer-binary",
  "--require-hashes",
  "--pre",
  "--trusted-host",
  "--use-feature",
]);

const named = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(\[[^\]]*\])?\s*(.*)$/;
const version = String.raw`(?:===\s*[^\s,;]+|(?:==|!=|<=|>=|~=|<|>)\s*[A-Za-z0-9_.*+!-]+)`;
const versions = new RegExp(String.raw`^\(?\s*(${version}(?:\s*,\s*${version})*)?\s*,?\s*\)?$`);
const url = /^(?:[a-z][a-z0-9+.-]*:\/\/|file:)/i;
const atUrl = /^[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?\s*@/;
const path = /^(?:\.{0,2}[/\\]|~|[A-Za-z]:[/\\])|\.(?:whl|zip|tar\.gz|tgz|tar\.bz2)$/;

/** Reads a requirements file as pip does: comments, continued lines, options, PEP 508 names. Never throws. */
export function parseRequirements(text: string): Requirements {
  const requirements: Requirement[] = [];
  const options: RequirementOption[] = [];
  const errors: { line: number; message: string }[] = [];
  for (const { text: written, line } of logicalLines(text.replace(/^\uFEFF/, ""))) {
    const content = written.replace(/(^|\s)#.*$/, "").trim();
    if (content === "") continue;
    if (content.startsWith("-")) {
      const option = readOption(content, line);
      if (fileOptions.has(option.name)) options.push(option);
      else errors.push({ line, message: `pip knows no option ${option.name} in a requirements file` });
      continue;
    }
    const requirement = readRequirement(content, line);
    if (typeof requirement === "string") errors.push({ line, message: requirement });
    else requirements.push(requirement);
  }
  return { requirements, options, errors };
}

function* logicalLines(text: string): Generator<{ readonly text: string; readonly line: number }> {
  let held = "";
  let start = 1;
  const lines = text.split(/\r\n|\r|\n/);
  for (const [index, each] of lines.entries()) {
    if (held === "") start = index + 1;
    if (each.endsWith("\\") && !each.trimStart().startsWith("#")) held += `${each.slice(0, -1)} `;
    else {
      yield { text: held + each, line: start };
      held = "";
    }
  }
  if (held !== "") yield { text: held, line: start };
}

function readOption(content: string, line: number): RequirementOption {
  const [, flag = "", value = ""] = /^(--?[A-Za-z][A-Za-z-]*)(?:[=\s]\s*(.*))?$/.exec(content) ?? [];
  const short = /^(-[a-z])(?!-)(.*)$/.exec(content);
  if (short && !content.startsWith("--")) {
    return { name: longForms[short[1] ?? ""] ?? short[1] ?? "", value: (short[2] ?? "").trim(), line };
  }
  return { name: flag === "" ? (content.split(/[=\s]/)[0] ?? "") : flag, value, line };
}

/** The requirement, or what is wrong with it. */
function readRequirement(content: string, line: number): Requirement | string {
  // Per-requirement options (`--hash=…`) follow the requirement; environment markers follow a semicolon.
  const plain = content.replace(/\s+--(?:hash|global-option|config-settings?|no-binary)\b.*$/, "");
  if (url.test(plain))
    return { name: /[#&]egg=([\w.-]+)/.exec(plain)?.[1] ?? "", extras: "", versions: "", source: plain, line };
  if (!atUrl.test(plain) && path.test(plain.split(";")[0]?.trim() ?? ""))
    return { name: "", extras: "", versions: "", source: plain, line };
  const found = named.exec(plain);
  if (!found) return `${JSON.stringify(content.slice(0, 60))} is no requirement`;
  const [, name = "", extras = "", rest = ""] = found;
  if (rest.startsWith("@")) {
    const source = rest.slice(1).trim();
    return source === "" ? `${name} @ names no URL` : { name, extras, versions: "", source, line };
  }
  const semicolon = rest.indexOf(";");
  const marker = semicolon < 0 ? null : rest.slice(semicolon + 1);
  if (marker !== null && !isMarker(marker))
    return `${JSON.stringify(marker.trim())} behind ${name} is no environment marker`;
  const specifier = (semicolon < 0 ? rest : rest.slice(0, semicolon)).trim();
  if (!versions.test(specifier)) return `${JSON.stringify(specifier)} behind ${name} is no version specifier`;
  return { name, extras, versions: specifier.replace(/^\(|\)$/g, ""), source: null, line };
}
