import { Command } from "commander";
import type { Archive } from "../../archive/archive.ts";
import { chalkFor } from "../colour.ts";
import type { Io } from "../io.ts";
import { parseLimits } from "../limit-flags.ts";
import { limitOption, ociOptions } from "../options.ts";

interface InspectFlags {
  readonly json?: boolean;
  readonly digests?: boolean;
  readonly download?: boolean;
  readonly limit: readonly string[];
  readonly plainHttp?: boolean;
  readonly plainHttpAnywhere?: boolean;
}

export function inspectCommand(io: Io): Command {
  return new Command("inspect")
    .description("show what is inside an archive or a model file")
    .argument("<archive>", ".mar, .tar.gz, .tar, folder, model file, http(s):// URL of a .mar, or oci://")
    .option("--digests", "show the SHA-256 of each entry (reads every byte)")
    .option("--download", "allow a whole download where the server cannot send ranges")
    .addOption(limitOption)
    .addOption(ociOptions.plainHttp)
    .addOption(ociOptions.plainHttpAnywhere)
    .option("--json", "print one JSON document")
    .addHelpText("after", examples)
    .action(async (location: string, flags: InspectFlags) => {
      const [{ openArchive }, { inspect }, { renderInspection }] = await Promise.all([
        import("../../archive/open.ts"),
        import("../../inspect/inspect.ts"),
        import("../../report/inspect-report.ts"),
      ]);
      const limits = parseLimits(flags.limit);
      const archive = /^oci(?:-layout)?:/iu.test(location)
        ? await openOci(location, flags, io)
        : await openArchive(location, { download: flags.download, signal: io.signal, limits });
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

async function openOci(location: string, flags: InspectFlags, io: Io): Promise<Archive> {
  const [{ openRemote }, { registrySettings }] = await Promise.all([
    import("../../oci/remote-archive.ts"),
    import("../registry-flags.ts"),
  ]);
  return openRemote(location, registrySettings(flags, io));
}

const examples = `
Examples:
  $ model-archiver inspect resnet50_fast.mar
  $ model-archiver inspect https://models.example.org/resnet50_fast.mar --json`;
