import { resolve } from "node:path";
import { Command } from "commander";
import type { Archive } from "../../archive/archive.ts";
import { chalkFor } from "../colour.ts";
import type { Io } from "../io.ts";

interface DiffFlags {
  readonly markdown?: string;
  readonly plainHttp?: boolean;
  readonly plainHttpAnywhere?: boolean;
  readonly json?: boolean;
}

export function diffCommand(io: Io): Command {
  return new Command("diff")
    .description("tell what differs between two archives: manifest, entries, model, text")
    .argument("<before>", ".mar, .tar.gz, .tar, folder, model file, http(s):// URL of a .mar, or oci://")
    .argument("<after>", "the same")
    .option("--markdown <file>", "write the difference as Markdown; - prints it")
    .option("--plain-http", "oci://: http instead of https, on this machine only")
    .option("--plain-http-anywhere", "oci://: http for every host")
    .option("--json", "print one JSON document")
    .addHelpText("after", examples)
    .action(async (first: string, second: string, flags: DiffFlags) => {
      const [{ diffArchives }, { differenceMarkdown, renderDifference }] = await Promise.all([
        import("../../diff/diff.ts"),
        import("../../report/diff-report.ts"),
      ]);
      const before = await open(first, flags, io);
      try {
        const after = await open(second, flags, io);
        try {
          const difference = { ...(await diffArchives(before, after)), before: first, after: second };
          io.exitCode = difference.same ? 0 : 1;
          if (flags.json) io.stdout.write(`${JSON.stringify({ schemaVersion: 1, ...difference }, null, 2)}\n`);
          if (flags.markdown === "-") io.stdout.write(differenceMarkdown(difference));
          else if (!flags.json) io.stdout.write(renderDifference(difference, chalkFor(io, io.stdout)));
          if (flags.markdown !== undefined && flags.markdown !== "-") {
            const { writeFile } = await import("node:fs/promises");
            await writeFile(resolve(io.cwd, flags.markdown), differenceMarkdown(difference));
          }
        } finally {
          await after.close();
        }
      } finally {
        await before.close();
      }
    });
}

async function open(location: string, flags: DiffFlags, io: Io): Promise<Archive> {
  if (/^oci(?:-layout)?:/iu.test(location)) {
    const [{ openRemote }, { plainHttpOf }] = await Promise.all([
      import("../../oci/remote-archive.ts"),
      import("../registry-flags.ts"),
    ]);
    return openRemote(location, { env: io.env, plainHttp: plainHttpOf(flags), signal: io.signal });
  }
  const { openArchive } = await import("../../archive/open.ts");
  const place = /^https?:\/\//iu.test(location) ? location : resolve(io.cwd, location);
  return openArchive(place, { whole: true, signal: io.signal });
}

const examples = `
Examples:
  $ model-archiver diff resnet50_1.0.mar resnet50_1.1.mar
  $ model-archiver diff oci://registry.example.org/models/resnet50:1.0 resnet50_1.1.mar --markdown diff.md

Exit codes: 0 no difference · 1 different · 2 one of them cannot be read`;
