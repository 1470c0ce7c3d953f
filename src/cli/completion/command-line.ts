import type { Command, Option } from "commander";
import { checks } from "../../checks/registry.ts";
import { fillNames } from "../../runtime/input-spec.ts";

/** What a shell can offer for a value: the names of files, of folders, these words, or nothing that can be foreseen. */
export type Value = "file" | "folder" | "any" | readonly string[];

export interface CompletedOption {
  readonly long: string;
  readonly short: string | null;
  readonly help: string;
  /** Null: a switch. */
  readonly value: Value | null;
  readonly repeatable: boolean;
}

/** A command as shells complete it, told from commander's own definition. */
export interface CompletedCommand {
  /** `verify`; `config init`; empty for the program itself. */
  readonly path: string;
  readonly help: string;
  readonly options: readonly CompletedOption[];
  /** What its arguments are; null: it takes none. */
  readonly argument: Value | null;
  readonly commands: readonly CompletedCommand[];
}

/** What the names of values in the help mean; nothing can be foreseen of the others. */
const values: Readonly<Record<string, Value>> = {
  ...Object.fromEntries(
    ["archive", "before", "after", "file", "handler", "key", "list", "model", "new.mar", "path", "results.json"].map(
      (name) => [name, "file"],
    ),
  ),
  folder: "folder",
  fill: fillNames,
  area: "file",
  "check-id": checks.map(({ id }) => id),
};

/** The program with all its commands. */
export function completedCommand(command: Command, path = ""): CompletedCommand {
  const help = command.createHelp();
  const inner = help.visibleCommands(command);
  const commands = inner
    .filter((one) => one.name() !== "help")
    .map((one) => completedCommand(one, path === "" ? one.name() : `${path} ${one.name()}`));
  const [argument] = command.registeredArguments;
  const withHelp: CompletedCommand = {
    path: "help",
    help: "show the help of a command",
    options: [],
    argument: commands.map((one) => one.path),
    commands: [],
  };
  return {
    path,
    help: firstLine(command.description()),
    options: help
      .visibleOptions(command)
      .flatMap((option) => (option.long ? [completedOption(option, option.long)] : [])),
    argument: argument === undefined ? null : (argument.argChoices ?? values[argument.name()] ?? "any"),
    commands: path === "" ? [...commands, withHelp] : commands,
  };
}

function completedOption(option: Option, long: string): CompletedOption {
  const name = /[<[]([^>\]]+?)(?:\.{3})?[>\]]/.exec(option.flags)?.[1];
  return {
    long,
    short: option.short ?? null,
    help: firstLine(option.description),
    value: name === undefined ? null : (option.argChoices ?? values[name] ?? "any"),
    repeatable: option.parseArg !== undefined || option.variadic,
  };
}

/** `init` of `config init`. */
export const lastWord = (path: string): string => path.split(" ").at(-1) ?? "";

/** `--output`, and `-o` where there is one. */
export const namesOf = ({ long, short }: CompletedOption): readonly string[] =>
  short === null ? [long] : [long, short];

/** The words that a value is one of; none where it is a file or anything. */
export const wordsOf = (value: Value | null): readonly string[] =>
  typeof value === "object" && value !== null ? value : [];

/** As bash and zsh read it. */
export const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const firstLine = (text: string): string => text.split("\n")[0] ?? "";

/** A command and all below it. */
export function allCommands(command: CompletedCommand): readonly CompletedCommand[] {
  return [command, ...command.commands.flatMap(allCommands)];
}
