import { Argument, Command } from "commander";
import type { Io } from "../io.ts";

const shells = ["bash", "zsh", "fish", "powershell"] as const;

export function completionCommand(io: Io): Command {
  return new Command("completion")
    .description("print what a shell needs to complete commands, flags and values")
    .addArgument(new Argument("<shell>", "which shell").choices(shells))
    .addHelpText("after", examples)
    .action(async (shell: (typeof shells)[number], _, command: Command) => {
      const { completionScript } = await import("../completion/script.ts");
      io.stdout.write(completionScript(shell, command.parent ?? command));
    });
}

const examples = `
Examples:
  $ source <(model-archiver completion bash)        # in ~/.bashrc; zsh likewise, after compinit in ~/.zshrc
  $ model-archiver completion fish > ~/.config/fish/completions/model-archiver.fish
  > model-archiver completion powershell | Out-String | Invoke-Expression        # in $PROFILE`;
