import { resolve } from "node:path";
import { Command } from "commander";
import type { Io } from "../io.ts";
import { runOptions, signingOptions } from "../options.ts";
import { progress } from "../progress.ts";
import type { SigningFlags } from "../signing-key.ts";
import { fromSpec, specOptions } from "../spec-option.ts";

interface SignFlags extends SigningFlags {
  readonly output?: string;
  readonly json?: boolean;
}

export function signCommand(io: Io): Command {
  return new Command("sign")
    .description("sign an archive, a model file or a folder (OpenSSF model signing; nothing is uploaded)")
    .argument("[archive]", "file or folder (default: that of model-archiver.yaml)")
    .addOption(signingOptions.key)
    .addOption(signingOptions.passwordFile)
    .addOption(signingOptions.certificate)
    .option("-o, --output <file>", "the signature file (default: <archive>.sig)")
    .addOption(runOptions.json)
    .addOption(specOptions.spec)
    .addOption(specOptions.noSpec)
    .addHelpText("after", examples)
    .hook("preAction", fromSpec(io, ["key"]))
    .action(async (archive: string, flags: SignFlags) => {
      const [{ signingKey }, { signArchive }, { plural, printable }] = await Promise.all([
        import("../signing-key.ts"),
        import("../../sign/sign.ts"),
        import("../../report/text.ts"),
      ]);
      const key = await signingKey(flags, io.cwd);
      const line = progress(io, "signing", { json: flags.json === true });
      let done = 0;
      const signed = await signArchive(resolve(io.cwd, archive), {
        ...key,
        ...(flags.output === undefined ? {} : { output: resolve(io.cwd, flags.output) }),
        signal: io.signal,
        onBytes: (count) => line.update((done += count)),
      }).finally(() => line.end());
      if (flags.json) {
        io.stdout.write(`${JSON.stringify({ schemaVersion: 1, ...signed }, null, 2)}\n`);
        return;
      }
      const what = signed.sha256 === null ? plural(signed.files, "file") : `sha256:${signed.sha256}`;
      const checked =
        signed.entriesChecked === 0
          ? ""
          : `\n${plural(signed.entriesChecked, "entry", "entries")} as the manifest says`;
      io.stdout.write(`${printable(signed.signature)}\n${what}${checked}\n`);
    });
}

const examples = `
Examples:
  $ model-archiver sign resnet50_fast.mar --key release.pem
  $ model-archiver sign resnet50_fast.mar --key release.pem --password-file password.txt -o resnet50_fast.sig`;
