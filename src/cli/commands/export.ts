import { Command, Option } from "commander";
import type { Io } from "../io.ts";
import { ociOptions, repeatable, runOptions, wholeLocations } from "../options.ts";

const targets = ["triton", "kserve", "onnx", "directory"];

export function exportCommand(io: Io): Command {
  return new Command("export")
    .description("write an archive for another server: Triton, KServe, plain ONNX, or plain files")
    .argument("<archive>", wholeLocations)
    .addOption(new Option("--to <target>", "what to write").choices(targets).makeOptionMandatory())
    .option("-o, --output <folder>", "where the folder named after the model goes; for triton the repository", ".")
    .addOption(
      repeatable("--input <spec>", "[name=]shape[:dtype][@fill]: the shapes that a PyTorch program is lowered for"),
    )
    .option("--storage-uri <uri>", "for kserve: where the model repository will lie (default: a claim, model-store)")
    .option("-f, --force", "replace an earlier export")
    .addOption(runOptions.timeout)
    .addOption(runOptions.tmpDir)
    .addOption(ociOptions.plainHttp)
    .addOption(ociOptions.plainHttpAnywhere)
    .addOption(runOptions.json)
    .addHelpText("after", examples)
    .action(async (location: string, flags) => {
      const { runExport } = await import("../export-run.ts");
      await runExport(location, flags, io);
    });
}

const examples = `
Examples:
  $ model-archiver export resnet50_fast.mar --to triton -o model_repository
  $ model-archiver export resnet50_fast.mar --to kserve -o deploy --storage-uri s3://models/resnet50/model-repository

Exit codes: 0 written · 1 refused: the static checks found errors · 2 could not be written`;
