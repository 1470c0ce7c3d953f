import { resolve } from "node:path";
import { Command, Option } from "commander";
import type { BomOptions } from "../../bom/bom.ts";
import type { Io } from "../io.ts";

interface BomFlags {
  readonly output?: string;
  readonly specVersion: "1.6" | "1.7";
  readonly verifyReport?: string;
  readonly json?: boolean;
}

export function bomCommand(io: Io): Command {
  return new Command("bom")
    .description("write a CycloneDX ML-BOM: model, files, requirements, licences, data flows")
    .argument("<archive>", ".mar, .tar.gz, .tar, folder, model file, or http(s):// URL of a .mar")
    .option("-o, --output <file>", "where to write it (default: standard output)")
    .addOption(new Option("--spec-version <version>", "of CycloneDX").choices(["1.6", "1.7"]).default("1.6"))
    .option("--verify-report <file>", "a document of verify --json: its measured times go into the model's card")
    .option("--json", "print one JSON document, which a bill of materials is anyway")
    .addHelpText("after", examples)
    .action(async (location: string, flags: BomFlags) => {
      const [{ openArchive }, { buildBom }, { measuredIn }] = await Promise.all([
        import("../../archive/open.ts"),
        import("../../bom/bom.ts"),
        import("../../bom/measured.ts"),
      ]);
      const report = flags.verifyReport === undefined ? null : await measuredIn(resolve(io.cwd, flags.verifyReport));
      const options: BomOptions = { specVersion: flags.specVersion, ...(report === null ? {} : { measured: report }) };
      const place = /^https?:\/\//iu.test(location) ? location : resolve(io.cwd, location);
      const archive = await openArchive(place, { whole: true, signal: io.signal });
      try {
        const text = `${JSON.stringify(await buildBom(archive, options), null, 2)}\n`;
        if (flags.output === undefined) io.stdout.write(text);
        else await writeText(resolve(io.cwd, flags.output), text);
      } finally {
        await archive.close();
      }
    });
}

async function writeText(path: string, text: string): Promise<void> {
  const [{ writeAtomically }, { nodeDisk }] = await Promise.all([
    import("../../archive/atomic-output.ts"),
    import("../../archive/disk.ts"),
  ]);
  await writeAtomically(nodeDisk, path, (file) => file.write(Buffer.from(text), 0));
}

const examples = `
Examples:
  $ model-archiver bom resnet50_fast.mar -o resnet50_fast.cdx.json
  $ model-archiver verify resnet50_fast.mar --json > verify.json && model-archiver bom resnet50_fast.mar --verify-report verify.json`;
