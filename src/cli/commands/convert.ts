import { Command } from "commander";
import type { Io } from "../io.ts";
import { repeatable, runOptions } from "../options.ts";

export function convertCommand(io: Io): Command {
  return new Command("convert")
    .description("write a TorchScript or torch.export model as ONNX, and check it by running both")
    .argument("<model>", "model file, or an archive that holds one")
    .requiredOption("-o, --output <file>", "where the ONNX model goes; above 2 GB with its weights in FILE.data")
    .addOption(repeatable("--input <spec>", "[name=]shape[:dtype][@fill]: the shapes that the graph gets"))
    .option("--fill <fill>", "zeros, ones, random or wave, for inputs without @")
    .option("--seed <number>", "for random fills", "0")
    .addOption(runOptions.timeout)
    .option("-f, --force", "overwrite the output")
    .addOption(runOptions.json)
    .addHelpText("after", examples)
    .action(async (location: string, flags) => {
      const { runConvert } = await import("../convert-run.ts");
      await runConvert(location, flags, io);
    });
}

const examples = `
Examples:
  $ model-archiver convert resnet50_traced.pt -o resnet50.onnx
  $ model-archiver convert bert.mar -o bert.onnx --input 1x128:int64 --input 1x128:int64@ones`;
