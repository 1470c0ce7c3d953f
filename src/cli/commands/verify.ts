import { Command } from "commander";
import { chalkFor } from "../colour.ts";
import type { Io } from "../io.ts";

interface VerifyFlags {
  readonly static?: boolean;
  readonly digests: boolean;
  readonly allowGlobal: readonly string[];
  readonly ignore: readonly string[];
  readonly strict?: boolean;
  readonly json?: boolean;
}

const collect = (value: string, before: readonly string[]) => [...before, value];

export function verifyCommand(io: Io): Command {
  return new Command("verify")
    .description("check archives or model files, load the model and run a dummy input")
    .argument("<archive...>", ".mar, .tar.gz, .tar, folder or model file")
    .option("--static", "everything but running the model")
    .option("--no-digests", "skip CRC and SHA-256 (at best not proven)")
    .option("--allow-global <module.name>", "a global that pickles may use (repeatable)", collect, [])
    .option("--ignore <check-id>", "live with the findings of a check (repeatable)", collect, [])
    .option("--strict", "warnings fail, too")
    .option("--json", "print one JSON document")
    .addHelpText("after", examples)
    .action(async (paths: string[], flags: VerifyFlags) => {
      const { runVerify } = await import("../verify-run.ts");
      await runVerify(paths, flags, io, chalkFor(io, io.stdout));
    });
}

const examples = `
Examples:
  $ model-archiver verify resnet50_fast.mar
  $ model-archiver verify --static --sarif verify.sarif model_store/*.mar`;
