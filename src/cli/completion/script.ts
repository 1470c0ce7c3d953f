import type { Command } from "commander";
import { bashCompletion } from "./bash.ts";
import { type CompletedCommand, completedCommand } from "./command-line.ts";
import { fishCompletion } from "./fish.ts";
import { powershellCompletion } from "./powershell.ts";
import { zshCompletion } from "./zsh.ts";

type Shell = "bash" | "zsh" | "fish" | "powershell";

const scripts: Readonly<Record<Shell, (program: CompletedCommand) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
  powershell: powershellCompletion,
};

/** What this shell needs to complete the program's command lines, from the program's own definitions. */
export function completionScript(shell: Shell, program: Command): string {
  return scripts[shell](completedCommand(program));
}
