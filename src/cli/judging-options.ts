import { type Command, Option } from "commander";
import { limitOption, repeatable, runOptions } from "./options.ts";

/** What `verify` and `attest` can be asked about the model. */
export function addJudgingOptions(command: Command): Command {
  return command
    .addOption(runOptions.input)
    .option("--sample <file>", "a photograph, .npy, .npz, JSON or text that the model must take")
    .option("--expect <label>", "with --sample: the label that must come first")
    .option("--slo <limits>", "such as p99=200ms,load=2s: measured once everything else is ready")
    .option("--fill <fill>", "zeros, ones, random or wave, for inputs without @")
    .option("--seed <number>", "for random fills", "0")
    .addOption(runOptions.timeout)
    .addOption(
      new Option(
        "--engine <engine>",
        "torch and torchserve run the archive's code in your own, after the static checks",
      )
        .choices(["onnxruntime", "torch", "torchserve"])
        .default("onnxruntime"),
    )
    .option("--python <path>", "the Python with PyTorch, or TorchServe, for --engine", "python3")
    .option("--compare", "with --engine torch: the largest difference to ONNX Runtime")
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
