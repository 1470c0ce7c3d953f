import { JsonObject } from "../../torchscript/exported/json.ts";
import type { ProgramFile } from "../../torchscript/exported/program-file.ts";
import type { TorchScriptFile } from "../../torchscript/file/torchscript-file.ts";
import { type Check, type Finding, notApplicable } from "../check.ts";
import { callsOf } from "./code-walk.ts";
import { malformed } from "./malformed.ts";
import {
  argumentsSince,
  compareVersions,
  exportSchemaSince,
  formatSince,
  operatorsSince,
  packageSince,
} from "./torch-history.ts";
import { torchProgram } from "./torch-program.ts";

export const newerThanServer: Check = {
  id: "torchscript/newer-than-server",
  title: "Server's PyTorch reads the program",
  severity: "error",
  why: "An older PyTorch refuses operators and file formats that came after it; the worker dies on loading.",
  remedy: "Save the model with the server's version of PyTorch, or update the server.",
  after: [malformed],
  async *run(subject) {
    const { torch } = subject.options.target;
    if (torch === undefined) return notApplicable;
    const program = await torchProgram(subject);
    if (program === null || program.kind === "broken") return notApplicable;
    yield* program.kind === "script"
      ? scripted(program.file, program.entry, torch)
      : exported(program.file, program.entry, torch);
  },
};

function newer(since: string, target: string): boolean {
  return compareVersions(since, target) > 0;
}

function* scripted(file: TorchScriptFile, entry: string, target: string): Generator<Finding> {
  const format = formatSince.findLast(([number]) => number <= (file.version ?? 0));
  if (format !== undefined && newer(format[1], target)) {
    yield { message: `file format ${file.version} needs PyTorch ${format[1]}; the server has ${target}`, at: entry };
  }
  const seen = new Set<string>();
  for (const call of callsOf(file.program)) {
    const operator = /^torch\.(?:_C\._nn\.)?(\w+)$|^ops\.aten\.(\w+)$/.exec(call.callee);
    const name = operator?.[1] ?? operator?.[2];
    if (name === undefined) continue;
    for (const [what, since] of needs(name, call.keyword)) {
      if (!newer(since, target) || seen.has(what)) continue;
      seen.add(what);
      yield { message: `${what} needs PyTorch ${since}; the server has ${target}`, at: `${entry}/${call.at}` };
    }
  }
}

function* needs(name: string, keyword: readonly (readonly [string, unknown])[]): Generator<readonly [string, string]> {
  const own = Object.hasOwn(operatorsSince, name) ? operatorsSince[name] : undefined;
  if (own !== undefined) yield [`aten::${name}`, own];
  const later = Object.hasOwn(argumentsSince, name) ? argumentsSince[name] : undefined;
  for (const [key] of keyword) {
    const since = later !== undefined && Object.hasOwn(later, key) ? later[key] : undefined;
    if (since !== undefined) yield [`${key}= of aten::${name}`, since];
  }
}

function* exported(file: ProgramFile, entry: string, target: string): Generator<Finding> {
  const writer = file.program.has("torch_version") ? file.program.string("torch_version") : null;
  const schema = file.program.value("schema_version");
  const major = typeof schema === "number" ? schema : JsonObject.of(schema, "the schema's version").integer("major");
  const bySchema = exportSchemaSince.findLast(([number]) => number <= major)?.[1] ?? "2.1";
  const since = file.entry.startsWith("models/") ? packageSince : bySchema;
  if (newer(since, target)) {
    const by = writer === null || writer.startsWith("<") ? "" : ` (written by ${writer})`;
    yield {
      message: `torch.export's file of schema ${major}${by} needs PyTorch ${since}; the server has ${target}`,
      at: entry,
    };
  }
}
