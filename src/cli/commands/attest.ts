import { Command } from "commander";
import type { Io } from "../io.ts";
import { millisecondsOf } from "../numbers.ts";
import { addJudgingOptions } from "../judging-options.ts";
import { runOptions, signingOptions } from "../options.ts";
import { fromSpec, specOptions } from "../spec-option.ts";

export function attestCommand(io: Io): Command {
  const command = new Command("attest")
    .description("verify an archive, and sign the report as an in-toto test result that is bound to its bytes")
    .argument("[archive]", ".mar, .tar.gz, .tar or model file (default: that of model-archiver.yaml)")
    .addOption(signingOptions.key)
    .addOption(signingOptions.passwordFile)
    .addOption(signingOptions.certificate)
    .option("-o, --output <file>", "the attestation file (default: <archive>.att)");
  return addJudgingOptions(command)
    .addOption(runOptions.json)
    .addOption(runOptions.quiet)
    .addOption(specOptions.spec)
    .addOption(specOptions.noSpec)
    .addHelpText("after", examples)
    .hook("preAction", fromSpec(io, ["key"]))
    .action(async (archive: string, flags) => {
      const { EnginePool } = await import("../../runtime/engine-pool.ts");
      const pool = new EnginePool({
        project: io.cwd,
        timeoutMs: millisecondsOf("--timeout", flags.timeout),
        signal: io.signal,
      });
      pool.warm();
      try {
        const { runAttest } = await import("../attest-run.ts");
        await runAttest(archive, flags, io, pool);
      } finally {
        pool.close();
      }
    });
}

const examples = `
Examples:
  $ model-archiver attest resnet50_fast.mar --key ci.pem
  $ model-archiver attest resnet50_fast.mar --key ci.pem --sample coffee.jpg --expect espresso --slo p99=200ms

Exit codes: 0 ready, and attested · 1 not ready or not proven: nothing is signed · 2 could not`;
