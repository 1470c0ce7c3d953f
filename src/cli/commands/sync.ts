import { Command } from "commander";
import type { Io } from "../io.ts";
import { gateOptions, registryOptions, runOptions } from "../options.ts";

export function syncCommand(io: Io): Command {
  return new Command("sync")
    .description("bring a model store into a registry, or out of it: in parallel, and only what changed")
    .argument("<from>", "folder of .mar and .tar.gz files, or oci://host/prefix[:tag], or oci-layout:FOLDER[:tag]")
    .argument("<to>", "the other of the two")
    .option(
      "--unpacked",
      "upwards: a layer for each stored entry, so that a changed handler does not send the weights again",
    )
    .option("--delete", "what the other side does not have goes: from the list upwards, from the folder downwards")
    .addOption(gateOptions.signature)
    .addOption(gateOptions.attestation)
    .addOption(gateOptions.key)
    .addOption(gateOptions.certificateChain)
    .addOption(registryOptions.plainHttp)
    .addOption(registryOptions.plainHttpAnywhere)
    .addOption(runOptions.json)
    .addHelpText("after", examples)
    .action(async (from: string, to: string, flags) => {
      const { runSync } = await import("../sync-run.ts");
      await runSync(from, to, flags, io);
    });
}

const examples = `
Examples:
  $ model-archiver sync model_store/ oci://registry.example.org/models
  $ model-archiver sync oci://registry.example.org/models model_store/ --require-signature --key release.pem.pub

Exit codes: 0 done · 1 an archive was refused by signature or checks · 2 it could not be done`;
