import { Command } from "commander";
import type { Io } from "../io.ts";
import { engineOptions, runOptions } from "../options.ts";

export function tuneCommand(io: Io): Command {
  return new Command("tune")
    .description("search threads, workers and batch for the most throughput within a limit")
    .argument("<archive>", ".mar, .tar.gz, folder or model file")
    .option("--slo <limits>", "latency that must hold, such as p99=200ms")
    .addOption(engineOptions.sloEngine)
    .addOption(engineOptions.engine)
    .addOption(engineOptions.python)
    .option("--sample <file>", "what a client sends: a photograph, .npy, .npz, JSON or text (default: made up)")
    .option("--write <file>", "put the settings into this model-config.yaml")
    .option("--into <new.mar>", "pack the archive again with them")
    .option("--point <seconds>", "how long each setting is measured", "2")
    .option("--max-batch <rows>", "largest batch to try", "32")
    .addOption(runOptions.input)
    .addOption(runOptions.timeout)
    .addOption(runOptions.tmpDir)
    .addOption(runOptions.json)
    .addOption(runOptions.quiet)
    .addHelpText("after", examples)
    .action(async (path: string, flags) => {
      const { runTune } = await import("../tune-run.ts");
      await runTune(path, flags, io);
    });
}

const examples = `
Examples:
  $ model-archiver tune resnet50_fast.mar --slo p99=200ms
  $ model-archiver tune resnet50_fast.mar --slo p99=200ms --engine torchserve
  $ model-archiver tune resnet50_fast.mar --slo p99=200ms --write model-config.yaml --into tuned/resnet50_fast.mar

Exit codes: 0 within the limit · 1 not, or not proven · 2 could not measure`;
