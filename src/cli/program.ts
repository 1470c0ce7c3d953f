import { Command } from "commander";
import { isArchiveLine, normalizeArgv } from "./argv.ts";
import { commandsFor } from "./commands.ts";
import { reportFailure } from "./failure.ts";
import { describeInHelp, whereToLook } from "./help-text.ts";
import type { Io } from "./io.ts";
import { toolVersion } from "./version.ts";

/** Carries out a command line; every failure ends here, as text and exit code. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    const words = normalizeArgv(argv, await mayLeaveOut(argv, io));
    await program(words[0], io).parseAsync([...words], { from: "user" });
    return io.exitCode;
  } catch (error) {
    return reportFailure(error, argv, io);
  }
}

/** Whether a spec file may say what `archive` needs. */
async function mayLeaveOut(argv: readonly string[], io: Io): Promise<boolean> {
  if (!isArchiveLine(argv)) return false;
  const { hasSpec } = await import("../spec/find-spec.ts");
  return hasSpec(io.cwd);
}

function program(first: string | undefined, io: Io): Command {
  const root = new Command("model-archiver")
    .description("Pack a model for TorchServe, prove that it is ready, ship it.")
    .usage("<command> [options]")
    // `archive --version 1.0` is the version of the model.
    .enablePositionalOptions()
    .version(toolVersion(), "-V, --version", "print the version")
    .helpCommand("help [command]", "show the help of a command")
    .addHelpText("after", examples);
  for (const command of commandsFor(first, io)) root.addCommand(command);
  speakThrough(io, root);
  return root;
}

function speakThrough(io: Io, command: Command): void {
  describeInHelp(command);
  command.showHelpAfterError(whereToLook(command));
  command.exitOverride().configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
    getOutHelpWidth: () => io.stdout.columns ?? 100,
    getErrHelpWidth: () => io.stderr.columns ?? 100,
  });
  for (const inner of command.commands) speakThrough(io, inner);
}

const examples = `
Examples:
  $ model-archiver archive --model-name resnet50_fast --version 1.0 \\
      --serialized-file resnet50_traced.pt --handler image_classifier \\
      --extra-files index_to_name.json --verify
  $ model-archiver verify resnet50_fast.mar

Exit codes: 0 yes · 1 the answer is no · 2 could not · 3 bug · 130 interrupted`;
