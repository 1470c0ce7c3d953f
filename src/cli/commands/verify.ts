import { Command, Option } from "commander";
import type { Io } from "../io.ts";
import { limitOption } from "../limit-flags.ts";
import { repeatable, runOptions } from "../options.ts";

export function verifyCommand(io: Io): Command {
  return new Command("verify")
    .description("check archives or model files, load the model and run a dummy input")
    .argument("<archive...>", ".mar, .tar.gz, .tar, folder, model file, or oci://")
    .option("--static", "everything but running the model")
    .option("--no-digests", "skip CRC and SHA-256 (at best not proven)")
    .addOption(runOptions.input)
    .option("--sample <file>", "a photograph, .npy, .npz, JSON or text that the model must take")
    .option("--expect <label>", "with --sample: the label that must come first")
    .option("--slo <limits>", "such as p99=200ms,load=2s: measured once everything else is ready")
    .option("--fill <fill>", "zeros, ones, random or wave, for inputs without @")
    .option("--seed <number>", "for random fills", "0")
    .addOption(runOptions.timeout)
    .addOption(
      new Option("--engine <engine>", "torch runs the archive's code in your own PyTorch, after the static checks")
        .choices(["onnxruntime", "torch"])
        .default("onnxruntime"),
    )
    .option("--python <path>", "the Python with PyTorch for --engine torch", "python3")
    .option("--compare", "with --engine torch: the largest difference to ONNX Runtime")
    .option("--batch <rows>", "the model must also take a batch of this many")
    .addOption(repeatable("--target <package==version>", "what the server runs, e.g. torch==2.4"))
    .addOption(repeatable("--allow-global <module.name>", "a global that pickles may use"))
    .addOption(repeatable("--ignore <check-id>", "live with the findings of a check, or family/*"))
    .option("--residency <area>", "audit data flows: eu, eea, no, ch, or a policy file")
    .option("--require-signature", "the archive must be signed, see --key and --certificate-chain")
    .option("--key <file>", "for --require-signature: the signer's public key")
    .option("--certificate-chain <file>", "for --require-signature: certificates that vouch for signers")
    .option("--signature <file>", "the signature file (default: <archive>.sig)")
    .option("--plain-http", "oci://: http instead of https, on this machine only")
    .option("--plain-http-anywhere", "oci://: http for every host")
    .option("--strict", "warnings fail, too")
    .option("--policy <file>", "exceptions kept in the repository (default: .model-archiver-policy.yaml)")
    .addOption(limitOption)
    .addOption(runOptions.tmpDir)
    .addOption(runOptions.json)
    .option("--junit <file>", "write a JUnit report")
    .option("--sarif <file>", "write a SARIF 2.1.0 report")
    .option("--markdown <file>", "write a Markdown report")
    .addOption(runOptions.quiet)
    .addHelpText("after", examples)
    .action(async (paths: string[], flags) => {
      const { EnginePool } = await import("../../runtime/engine-pool.ts");
      const pool = new EnginePool({ project: io.cwd, timeoutMs: Number(flags.timeout) * 1000, signal: io.signal });
      // The engine's process starts first, and loads while we load, and while the static checks run.
      if (!flags.static) pool.warm();
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
  $ model-archiver verify --static --sarif verify.sarif model_store/*.mar

Exit codes: 0 ready (sound with --static) · 1 not ready or not proven · 2 a path could not be read, or no engine`;
