import { Command } from "commander";
import type { Io } from "../io.ts";

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function benchCommand(io: Io): Command {
  return new Command("bench")
    .description("measure cold start, latency, throughput and memory; hold them against limits")
    .argument("[archive]", ".mar, .tar.gz, folder or model file")
    .option("--slo <limits>", "such as p99=200ms,load=2s,rps=30,rss=1GB: ready, not ready or not proven")
    .option("--slo-engine <engine>", "onnxruntime: it will serve the archive, so its figures count")
    .option("--duration <seconds>", "for the latency at most; it ends earlier once p99 is known", "20")
    .option("--threads <number>", "threads of a worker (0: the engine's choice)", "0")
    .option("--no-throughput", "leave batches and workers out")
    .option("--input <spec>", "as in verify (repeatable)", collect, [])
    .option("--baseline <archive>", "run another archive in turn and compare")
    .option("--max-regression <percent>", "with --baseline: how much slower it may be", "10%")
    .option("--append <results.json>", "add the result to a file")
    .option("--table <results.json...>", "print what files hold, measure nothing")
    .option("--timeout <seconds>", "for loading and running one model", "120")
    .option("--tmp-dir <folder>", "where deflated models are unpacked")
    .option("--json", "print one JSON document")
    .option("--html <file>", "write a page that holds everything, for who decides")
    .option("--quiet", "print nothing but what --json asks for")
    .addHelpText("after", examples)
    .action(async (path: string | undefined, flags) => {
      const { runBench } = await import("../bench-run.ts");
      await runBench(path, flags, io);
    });
}

const examples = `
Examples:
  $ model-archiver bench resnet50_fast.mar --slo p99=200ms,load=2s,rss=1GB
  $ model-archiver bench new.mar --baseline old.mar --max-regression 5%
  $ model-archiver bench resnet50_fast.mar --append results.json
  $ model-archiver bench --table results.json

Exit codes: 0 measured, and ready where limits were given · 1 not ready or not proven · 2 could not measure`;
