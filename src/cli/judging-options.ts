import type { Command } from "commander";
import { limitOption, repeatable, engineOptions, runOptions } from "./options.ts";

/** What `verify` and `attest` can be asked about the model. */
export function addJudgingOptions(command: Command): Command {
  return command
    .addOption(runOptions.input)
    .option("--sample <file>", "a photograph, .npy, .npz, JSON or text that the model must take")
    .option("--expect <label>", "with --sample: the label that must come first")
    .option("--slo <limits>", "such as p99=200ms,load=2s: measured once everything else is ready")
    .addOption(engineOptions.sloEngine)
    .option("--fill <fill>", "zeros, ones, random or wave, for inputs without @")
    .option("--seed <number>", "for random fills", "0")
    .addOption(runOptions.timeout)
    .addOption(engineOptions.engine)
    .addOption(engineOptions.python)
    .option("--compare", "with --engine torch: tell the largest difference to ONNX Runtime, too")
    .option("--batch <rows>", "the model must also take a batch of this many")
    .addOption(repeatable("--target <package==version>", "what the server runs, e.g. torch==2.4"))
    .addOption(repeatable("--allow-global <module.name>", "a global that pickles may use"))
    .addOption(repeatable("--ignore <check-id>", "live with the findings of a check, or family/*"))
    .option("--residency <area>", "audit data flows: eu, eea, no, ch, or a policy file")
    .option("--strict", "warnings fail, too")
    .option("--policy <file>", "exceptions kept in the repository (default: .model-archiver-policy.yaml)")
    .addOption(limitOption)
    .addOption(runOptions.tmpDir);
}
