import type { Argument, Command, Option } from "commander";

/** How a help page tells an option or an argument: its text, then its choices and default, as they are typed. */
export function describeInHelp(command: Command): void {
  command.configureHelp({
    optionDescription: (option) => described(option, takesValue(option) ? defaultOf(option) : []),
    argumentDescription: (argument) => described(argument, defaultOf(argument)),
  });
}

/** The line after an error of usage. */
export function whereToLook(command: Command): string {
  const names: string[] = [];
  for (let one: Command | null = command; one !== null; one = one.parent) names.unshift(one.name());
  return `Run ${names.join(" ")} --help to see its options.`;
}

const takesValue = ({ required, optional }: Option): boolean => required || optional;

/** An empty list is what a repeatable option begins with: nothing to tell. */
function defaultOf({ defaultValue, defaultValueDescription }: Option | Argument): string[] {
  if (defaultValue === undefined || (Array.isArray(defaultValue) && defaultValue.length === 0)) return [];
  return [`default: ${defaultValueDescription ?? String(defaultValue)}`];
}

function described({ description, argChoices = [] }: Option | Argument, defaults: readonly string[]): string {
  const notes = [...(argChoices.length > 0 ? [argChoices.join(", ")] : []), ...defaults];
  return notes.length === 0 ? description : `${description} (${notes.join("; ")})`;
}
