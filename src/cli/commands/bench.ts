import { Command } from "commander";
import type { Io } from "../io.ts";
import { engineOptions, runOptions } from "../options.ts";

export function benchCommand(io: Io): Command {
  return new Command("bench")
    .description("measure cold start, latency, throughput and memory; hold them against limits")
    .argument("[archive]", ".mar, .tar.gz, folder or model file")
    .option("--slo <limits>", "such as p99=200ms,load=2s,rps=30,rss=1GB: ready, not ready or not proven")
    .addOption(engineOptions.sloEngine)
    .addOption(engineOptions.engine)
    .addOption(engineOptions.python)
    .option("--sample <file>", "what a client sends: a photograph, .npy, .npz, JSON or text (default: made up)")
    .option("--duration <seconds>", "for the latency at most; it ends earlier once p99 is known", "20")
    .option("--threads <number>", "threads of a worker (0: the engine's choice)", "0")
    .option("--no-throughput", "leave batches and workers out")
    .addOption(runOptions.input)
    .option("--baseline <archive>", "run another archive in turn and compare")
    .option("--max-regression <percent>", "with --baseline: how much slower it may be", "10%")
    .option("--append <results.json>", "add the result to a file")
    .option("--table <results.json...>", "print what files hold, measure nothing")
    .addOption(runOptions.timeout)
    .addOption(runOptions.tmpDir)
    .addOption(runOptions.json)
    .option("--html <file>", "write a page that holds everything, for whoever decides")
    .addOption(runOptions.quiet)
    .addHelpText("after", examples)
    .action(async (path: string | undefined, flags) => {
      const { runBench } = await import("../bench-run.ts");
      await runBench(path, flags, io);
    });
}

const examples = `
Examples:
  $ model-archiver bench resnet50_fast.mar --slo p99=200ms,load=2s,rss=1GB
  $ model-archiver bench resnet50_fast.mar --slo p99=200ms --engine torchserve --sample coffee.jpg
  $ model-archiver bench new.mar --baseline old.mar --max-regression 5%
  $ model-archiver bench resnet50_fast.mar --append results.json
  $ model-archiver bench --table results.json

Exit codes: 0 measured, and ready where limits were given · 1 not ready or not proven · 2 could not measure`;
