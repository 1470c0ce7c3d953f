import { Command } from "commander";
import type { Io } from "../io.ts";
import { addJudgingOptions } from "../judging-options.ts";
import { millisecondsOf } from "../numbers.ts";
import { gateOptions, ociOptions, runOptions } from "../options.ts";
import { fromSpec, specOptions } from "../spec-option.ts";

export function verifyCommand(io: Io): Command {
  const command = new Command("verify")
    .description("check archives or model files, load the model and run a dummy input")
    .argument(
      "[archive...]",
      ".mar, .tar.gz, .tar, folder, model file, or oci:// (default: that of model-archiver.yaml)",
    )
    .option("--static", "everything but running the model")
    .option("--no-digests", "skip CRC and SHA-256 (at best not proven)");
  return addJudgingOptions(command)
    .addOption(gateOptions.signature)
    .addOption(gateOptions.attestation)
    .addOption(gateOptions.key)
    .addOption(gateOptions.certificateChain)
    .option("--signature <file>", "the signature file (default: <archive>.sig)")
    .option("--attestation <file>", "the attestation file (default: <archive>.att)")
    .addOption(ociOptions.plainHttp)
    .addOption(ociOptions.plainHttpAnywhere)
    .addOption(runOptions.json)
    .option("--junit <file>", "write a JUnit report")
    .option("--sarif <file>", "write a SARIF 2.1.0 report")
    .option("--markdown <file>", "write a Markdown report")
    .addOption(runOptions.quiet)
    .addOption(specOptions.spec)
    .addOption(specOptions.noSpec)
    .addHelpText("after", examples)
    .hook("preAction", fromSpec(io))
    .action(async (paths: string[], flags) => {
      const { EnginePool } = await import("../../runtime/engine-pool.ts");
      const pool = new EnginePool({
        project: io.cwd,
        timeoutMs: millisecondsOf("--timeout", flags.timeout),
        signal: io.signal,
      });
      // The engine's process starts first, and loads while we load, and while the static checks run.
      if (!flags.static && flags.engine !== "torchserve") pool.warm();
      const { shareCores } = await import("../share-cores.ts");
      shareCores();
      try {
        const { runVerify } = await import("../verify-run.ts");
        await runVerify(paths, flags, io, pool);
      } finally {
        pool.close();
      }
    });
}

const examples = `
Examples:
  $ model-archiver verify resnet50_fast.mar
  $ model-archiver verify resnet50_fast.mar --sample coffee.jpg --expect espresso
  $ model-archiver verify resnet50_fast.mar --sample coffee.jpg --engine torchserve
  $ model-archiver verify --static --sarif verify.sarif model_store/*.mar

Exit codes: 0 ready (sound with --static) · 1 not ready or not proven · 2 a path could not be read, or no engine`;
