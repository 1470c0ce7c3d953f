import { Command } from "commander";
import type { Io } from "../io.ts";
import { gateOptions, registryOptions, repeatable, runOptions } from "../options.ts";
import type { PullFlags } from "../pull-run.ts";

export function pullCommand(io: Io): Command {
  return new Command("pull")
    .description("fetch an archive from an OCI registry; it gets its name only when everything about it is right")
    .argument("<reference>", "oci://host/repository:tag or @sha256:…, or oci-layout:FOLDER:tag")
    .option("-o, --output <path>", "file, or folder to put it in", ".")
    .option("-f, --force", "overwrite a file that is there")
    .addOption(repeatable("--include <pattern>", "only these entries of the archive, such as '*.json', into a folder"))
    .addOption(gateOptions.signature)
    .addOption(gateOptions.attestation)
    .addOption(gateOptions.key)
    .addOption(gateOptions.certificateChain)
    .addOption(registryOptions.plainHttp)
    .addOption(registryOptions.plainHttpAnywhere)
    .addOption(runOptions.json)
    .addHelpText("after", examples)
    .action(async (reference: string, flags: PullFlags) => {
      const { runPull } = await import("../pull-run.ts");
      await runPull(reference, flags, io);
    });
}

const examples = `
Examples:
  $ model-archiver pull oci://registry.example.org/models/resnet50:1.0 -o model_store/
  $ model-archiver pull oci://registry.example.org/models/resnet50:1.0 --require-signature --key release.pem.pub
  $ model-archiver pull oci://registry.example.org/models/resnet50:1.0 --include index_to_name.json --include '*.py' -o files/

Exit codes: 0 the file is there · 1 refused by signature or checks · 2 could not be fetched`;
