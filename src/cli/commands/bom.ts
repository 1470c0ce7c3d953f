import { resolve } from "node:path";
import { Command, Option } from "commander";
import type { BomOptions } from "../../bom/bom.ts";
import type { Io } from "../io.ts";
import { ociOptions, wholeLocations } from "../options.ts";
import type { PlainHttpFlags } from "../registry-flags.ts";

interface BomFlags extends PlainHttpFlags {
  readonly output?: string;
  readonly specVersion: "1.6" | "1.7";
  readonly measured?: string;
  readonly json?: boolean;
}

export function bomCommand(io: Io): Command {
  return new Command("bom")
    .description("write a CycloneDX ML-BOM: model, files, requirements, licences, data flows")
    .argument("<archive>", wholeLocations)
    .option("-o, --output <file>", "where to write it (default: standard output)")
    .addOption(new Option("--spec-version <version>", "of CycloneDX").choices(["1.6", "1.7"]).default("1.6"))
    .option("--measured <file>", "a document of verify --json or bench --json: its times go into the model's card")
    .addOption(ociOptions.plainHttp)
    .addOption(ociOptions.plainHttpAnywhere)
    .option("--json", "print one JSON document, which a bill of materials is anyway")
    .addHelpText("after", examples)
    .action(async (location: string, flags: BomFlags) => {
      const [{ openWhole }, { bomText, buildBom }, { measuredIn }] = await Promise.all([
        import("../open-whole.ts"),
        import("../../bom/bom.ts"),
        import("../../bom/measured.ts"),
      ]);
      const { measured: file, specVersion } = flags;
      const measured = file === undefined ? {} : { measured: await measuredIn(resolve(io.cwd, file), location) };
      const options: BomOptions = { specVersion, ...measured };
      const archive = await openWhole(location, flags, io);
      try {
        const text = bomText(await buildBom(archive, options));
        if (flags.output === undefined) return void io.stdout.write(text);
        const { writeWhole } = await import("../../archive/write-whole.ts");
        await writeWhole(resolve(io.cwd, flags.output), text);
      } finally {
        await archive.close();
      }
    });
}

const examples = `
Examples:
  $ model-archiver bom resnet50_fast.mar -o resnet50_fast.cdx.json
  $ model-archiver bench resnet50_fast.mar --json > bench.json && model-archiver bom resnet50_fast.mar --measured bench.json`;
