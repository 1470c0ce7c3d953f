import { type Command, Option } from "commander";
import { ArchiverError } from "../errors.ts";
import type { Io } from "./io.ts";

export const specOptions = {
  spec: new Option(
    "--spec <file>",
    "take what is left out from this file (default: model-archiver.yaml, if there is one)",
  ),
  noSpec: new Option("--no-spec", "leave model-archiver.yaml alone"),
} as const;

/**
 * A hook before the action: what the command line leaves out comes from model-archiver.yaml. Flags override it. Then
 * all arguments are required, and these options.
 */
export function fromSpec(io: Io, options: readonly string[] = []): (command: Command) => Promise<void> {
  return async (command) => {
    const given: unknown = command.opts()["spec"];
    if (given !== false) await fill(command, typeof given === "string" ? given : undefined, io);
    const argument = command.registeredArguments.find((_, i) => isMissing(command.processedArgs[i]));
    const option = command.options.find(
      (one) => options.includes(one.attributeName()) && !command.getOptionValue(one.attributeName()),
    );
    if (argument === undefined && option === undefined) return;
    const missing = argument === undefined ? `option '${option?.flags}'` : `argument '${argument.name()}'`;
    throw new ArchiverError("usage", `missing required ${missing}`, {
      remedy: "Give it, or stand where a model-archiver.yaml tells it (model-archiver init writes one).",
    });
  };
}

async function fill(command: Command, given: string | undefined, io: Io): Promise<void> {
  const { hasSpec, specFile } = await import("../spec/find-spec.ts");
  if (given === undefined && !(await hasSpec(io.cwd))) return;
  const { fillFromSpec } = await import("./spec-run.ts");
  await fillFromSpec(command, given ?? specFile, given !== undefined, io);
}

function isMissing(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}
