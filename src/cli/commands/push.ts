import { resolve } from "node:path";
import { Command } from "commander";
import type { Io } from "../io.ts";
import { registryOptions, runOptions } from "../options.ts";
import { progress } from "../progress.ts";
import { fromSpec, specOptions } from "../spec-option.ts";

interface PushFlags {
  readonly unpacked?: boolean;
  readonly mountFrom?: string;
  readonly signature?: string;
  readonly attestation?: string;
  readonly bom?: string;
  readonly plainHttp?: boolean;
  readonly plainHttpAnywhere?: boolean;
  readonly json?: boolean;
}

const kinds = ["signature", "attestation", "bom"] as const;

export function pushCommand(io: Io): Command {
  return new Command("push")
    .description("put an archive, and what is signed of it, into an OCI registry (ModelPack format)")
    .argument("[archive]", ".mar or model file (default: that of model-archiver.yaml)")
    .argument("[reference]", "oci://host/repository:tag, or oci-layout:FOLDER:tag (default: as above)")
    .option("--unpacked", "a layer for each stored entry: a changed handler does not send the weights again")
    .option("--mount-from <repository>", "take layers from another repository of the registry, where it has them")
    .option("--signature <file>", "the signature to go with it (default: <archive>.sig if there is one)")
    .option("--attestation <file>", "the attestation to go with it (default: <archive>.att if there is one)")
    .option(
      "--bom <file>",
      "the bill of materials to go with it, unsigned; archive --bom packs one that is signed with the rest (default: <archive>.cdx.json if there is one)",
    )
    .addOption(registryOptions.plainHttp)
    .addOption(registryOptions.plainHttpAnywhere)
    .addOption(runOptions.json)
    .addOption(specOptions.spec)
    .addOption(specOptions.noSpec)
    .addHelpText("after", examples)
    .hook("preAction", fromSpec(io))
    .action(async (archive: string, reference: string, flags: PushFlags) => {
      const [{ push }, { registrySettings }, { formatSize, plural, printable }] = await Promise.all([
        import("../../oci/push.ts"),
        import("../registry-flags.ts"),
        import("../../report/text.ts"),
      ]);
      const line = progress(io, "pushing", { json: flags.json === true });
      const pushed = await push(resolve(io.cwd, archive), reference, {
        ...registrySettings(flags, io),
        unpacked: flags.unpacked === true,
        ...(flags.mountFrom === undefined ? {} : { mountFrom: flags.mountFrom }),
        attachments: Object.fromEntries(
          kinds.flatMap((kind) => (flags[kind] === undefined ? [] : [[kind, resolve(io.cwd, flags[kind])]])),
        ),
        onBytes: (done, total) => line.update(done, total),
      }).finally(() => line.end());
      if (flags.json) {
        io.stdout.write(`${JSON.stringify({ schemaVersion: 1, ...pushed }, null, 2)}\n`);
        return;
      }
      const there = pushed.skipped === 0 ? "" : `, ${formatSize(pushed.skipped)} were there already`;
      const lines = [
        `${printable(pushed.reference)}   ${plural(pushed.layers, "layer")}, ${formatSize(pushed.sent)} sent${there}`,
        pushed.digest,
        ...kinds.flatMap((kind) => (pushed[kind] === null ? [] : [`${kind} ${pushed[kind]}`])),
      ];
      io.stdout.write(`${lines.join("\n")}\n`);
    });
}

const examples = `
Examples:
  $ model-archiver push resnet50_fast.mar oci://registry.example.org/models/resnet50:1.0
  $ model-archiver push resnet50_fast.mar oci://localhost:5000/models/resnet50:1.0 --plain-http --unpacked`;
