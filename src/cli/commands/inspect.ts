import { Command } from "commander";
import { chalkFor } from "../colour.ts";
import type { Io } from "../io.ts";
import { limitHelp, parseLimits } from "../limit-flags.ts";

interface InspectFlags {
  readonly json?: boolean;
  readonly digests?: boolean;
  readonly download?: boolean;
  readonly limit: readonly string[];
}

export function inspectCommand(io: Io): Command {
  return new Command("inspect")
    .description("show what is inside an archive or a model file")
    .argument("<archive>", ".mar, .tar.gz, .tar, folder, model file, or http(s):// URL of a .mar")
    .option("--digests", "show the SHA-256 of each entry (reads every byte)")
    .option("--download", "allow a whole download where the server cannot send ranges")
    .option("--limit <name=value>", limitHelp, (value, before: string[]) => [...before, value], [])
    .option("--json", "print one JSON document")
    .addHelpText("after", examples)
    .action(async (location: string, flags: InspectFlags) => {
      const [{ openArchive }, { inspect }, { renderInspection }] = await Promise.all([
        import("../../archive/open.ts"),
        import("../../inspect/inspect.ts"),
        import("../../report/inspect-report.ts"),
      ]);
      const archive = await openArchive(location, {
        download: flags.download,
        signal: io.signal,
        limits: parseLimits(flags.limit),
      });
      try {
        const inspection = await inspect(archive, { digests: flags.digests });
        io.stdout.write(
          flags.json
            ? `${JSON.stringify(inspection, null, 2)}\n`
            : renderInspection(inspection, chalkFor(io, io.stdout)),
        );
      } finally {
        await archive.close();
      }
    });
}

const examples = `
Examples:
  $ model-archiver inspect resnet50_fast.mar
  $ model-archiver inspect https://models.example.org/resnet50_fast.mar --json`;
