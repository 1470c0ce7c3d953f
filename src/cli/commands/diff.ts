import { Command } from "commander";
import type { Io } from "../io.ts";
import { ociOptions, repeatable, runOptions, wholeLocations } from "../options.ts";

export function diffCommand(io: Io): Command {
  return new Command("diff")
    .description("tell what differs between two archives: manifest, entries, model, tensors, text")
    .argument("<before>", wholeLocations)
    .argument("<after>", "the same")
    .option("--numeric", "run both models on the same input, once no static check holds an error against them")
    .addOption(repeatable("--input <spec>", "with --numeric: [name=]shape[:dtype][@fill] or [name=]@file.npy"))
    .addOption(runOptions.timeout)
    .option("--markdown <file>", "write the difference as Markdown; - prints it")
    .addOption(ociOptions.plainHttp)
    .addOption(ociOptions.plainHttpAnywhere)
    .addOption(runOptions.json)
    .addHelpText("after", examples)
    .action(async (first: string, second: string, flags) => {
      const { runDiff } = await import("../diff-run.ts");
      await runDiff(first, second, flags, io);
    });
}

const examples = `
Examples:
  $ model-archiver diff resnet50_1.0.mar resnet50_1.1.mar --numeric
  $ model-archiver diff oci://registry.example.org/models/resnet50:1.0 resnet50_1.1.mar --markdown diff.md

Exit codes: 0 no difference · 1 different · 2 one of them cannot be read`;
