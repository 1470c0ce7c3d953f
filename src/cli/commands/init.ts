import { Command } from "commander";
import { chalkFor } from "../colour.ts";
import type { Io } from "../io.ts";
import { runOptions } from "../options.ts";

interface InitFlags {
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function initCommand(io: Io): Command {
  return new Command("init")
    .description("write model-archiver.yaml from what lies in a folder, and say what was guessed")
    .argument("[folder]", "where model, handler and extra files lie", ".")
    .option("-f, --force", "replace a model-archiver.yaml that is there")
    .option("--dry-run", "print the file, write nothing")
    .addOption(runOptions.json)
    .addHelpText("after", examples)
    .action(async (folder: string, flags: InitFlags) => {
      const [{ initSpec }, { renderInit }] = await Promise.all([
        import("../../init/init-spec.ts"),
        import("../../report/init-report.ts"),
      ]);
      const result = await initSpec(folder, { ...flags, cwd: io.cwd, signal: io.signal });
      if (flags.json) io.stdout.write(`${JSON.stringify({ schemaVersion: 1, ...result }, null, 2)}\n`);
      else if (flags.dryRun) io.stdout.write(result.text);
      if (flags.json) return;
      // The text is the answer of a dry run; what was guessed stands in it as comments.
      const page = renderInit(result, chalkFor(io, flags.dryRun ? io.stderr : io.stdout), io.stdout.columns ?? 100);
      (flags.dryRun ? io.stderr : io.stdout).write(page);
    });
}

const examples = `
Examples:
  $ model-archiver init
  $ model-archiver init resnet50/ --force && model-archiver archive --spec resnet50/model-archiver.yaml --verify`;
