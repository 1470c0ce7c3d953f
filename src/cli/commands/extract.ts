import { resolve } from "node:path";
import { Command } from "commander";
import type { Io } from "../io.ts";
import { parseLimits } from "../limit-flags.ts";
import { limitOption } from "../options.ts";

interface ExtractFlags {
  readonly output?: string;
  readonly force?: boolean;
  readonly download?: boolean;
  readonly limit: readonly string[];
  readonly json?: boolean;
}

export function extractCommand(io: Io): Command {
  return new Command("extract")
    .description("unpack an archive, or some of its entries, if its structure is sound")
    .argument("<archive>", ".mar, .tar.gz, .tar, folder, or http(s):// URL of a .mar")
    .argument("[entries...]", "entries or folders of the archive, everything when left out; ENTRY - prints one")
    .option("-o, --output <folder>", "folder to write to; - prints one entry", ".")
    .option("-f, --force", "overwrite files that are there")
    .addOption(limitOption)
    .option("--download", "allow a whole download where the server cannot send ranges")
    .option("--json", "print one JSON document")
    .addHelpText("after", examples)
    .action(async (location: string, names: string[], flags: ExtractFlags) => {
      const { extractEntries, printEntry } = await import("../extract-run.ts");
      const { openArchive } = await import("../../archive/open.ts");
      const place = /^https?:\/\//iu.test(location) ? location : resolve(io.cwd, location);
      const archive = await openArchive(place, {
        download: flags.download === true,
        signal: io.signal,
        limits: parseLimits(flags.limit),
      });
      const entries = names.filter((name) => name !== "-");
      try {
        if (flags.output === "-" || entries.length < names.length) await printEntry(archive, entries, io);
        else await extractEntries(archive, entries, flags, io);
      } finally {
        await archive.close();
      }
    });
}

const examples = `
Examples:
  $ model-archiver extract resnet50_fast.mar -o resnet50
  $ model-archiver extract resnet50_fast.mar MAR-INF/MANIFEST.json -o -`;
