import { resolve } from "node:path";
import { Command } from "commander";
import type { Io } from "../io.ts";
import { gateOptions, runOptions } from "../options.ts";
import { progress } from "../progress.ts";
import type { GateFlags } from "../signer-flags.ts";

interface PullFlags extends GateFlags {
  readonly output: string;
  readonly force?: boolean;
  readonly plainHttp?: boolean;
  readonly plainHttpAnywhere?: boolean;
  readonly json?: boolean;
}

export function pullCommand(io: Io): Command {
  return new Command("pull")
    .description("fetch an archive from an OCI registry; it gets its name only when everything about it is right")
    .argument("<reference>", "oci://host/repository:tag or @sha256:…, or oci-layout:FOLDER:tag")
    .option("-o, --output <path>", "file, or folder to put it in", ".")
    .option("-f, --force", "overwrite a file that is there")
    .addOption(gateOptions.signature)
    .addOption(gateOptions.attestation)
    .addOption(gateOptions.key)
    .addOption(gateOptions.certificateChain)
    .option("--plain-http", "http instead of https, on this machine only")
    .option("--plain-http-anywhere", "http for every host")
    .addOption(runOptions.json)
    .addHelpText("after", examples)
    .action(async (reference: string, flags: PullFlags) => {
      const [{ pull }, { registrySettings }, { formatSize, printable }] = await Promise.all([
        import("../../oci/pull.ts"),
        import("../registry-flags.ts"),
        import("../../report/text.ts"),
      ]);
      const { requiredSigners } = await import("../signer-flags.ts");
      const signers = await requiredSigners(flags, io.cwd);
      const line = progress(io, "pulling", { json: flags.json === true });
      const pulled = await pull(reference, {
        ...registrySettings(flags, io),
        output: /[/\\]$/u.test(flags.output) ? `${resolve(io.cwd, flags.output)}/` : resolve(io.cwd, flags.output),
        force: flags.force === true,
        signers,
        onBytes: (done, total) => line.update(done, total),
      }).finally(() => line.end());
      io.exitCode = pulled.refused === null ? 0 : 1;
      if (flags.json) {
        io.stdout.write(`${JSON.stringify({ schemaVersion: 1, ...pulled }, null, 2)}\n`);
        return;
      }
      const lines =
        pulled.refused === null
          ? [`${printable(pulled.file ?? "")}   ${formatSize(pulled.size)}`, `sha256:${pulled.sha256}`]
          : [
              `refused: ${printable(pulled.refused)}`,
              ...pulled.findings.map(({ rule, at, message }) => printable(`  ${rule}  ${at ?? ""} ${message}`)),
            ];
      io.stdout.write(`${lines.join("\n")}\n`);
    });
}

const examples = `
Examples:
  $ model-archiver pull oci://registry.example.org/models/resnet50:1.0 -o model_store/
  $ model-archiver pull oci://registry.example.org/models/resnet50:1.0 --require-signature --key release.pem.pub

Exit codes: 0 the file is there · 1 refused by signature or checks · 2 could not be fetched`;
