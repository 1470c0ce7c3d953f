import { resolve } from "node:path";
import { Command } from "commander";
import { chalkFor } from "../colour.ts";
import type { Io } from "../io.ts";
import { progress } from "../progress.ts";

interface VerifySignatureFlags {
  readonly key?: string;
  readonly certificateChain?: string;
  readonly signature?: string;
  readonly json?: boolean;
}

export function verifySignatureCommand(io: Io): Command {
  return new Command("verify-signature")
    .description("tell whether a file or folder is what was signed, and what changed if not")
    .argument("<archive>", "file or folder")
    .option("--key <file>", "the signer's public key in PEM")
    .option("--certificate-chain <file>", "instead of --key: certificates in PEM that vouch for signers")
    .option("--signature <file>", "the signature file (default: <archive>.sig)")
    .option("--json", "print one JSON document")
    .addHelpText("after", examples)
    .action(async (archive: string, flags: VerifySignatureFlags) => {
      const [{ signerOf }, { verifySignature }, { printable }] = await Promise.all([
        import("../signer-flags.ts"),
        import("../../sign/verify-signature.ts"),
        import("../../report/text.ts"),
      ]);
      const signer = await signerOf(flags, io.cwd);
      const line = progress(io, "verifying", { json: flags.json === true });
      let done = 0;
      const verdict = await verifySignature(resolve(io.cwd, archive), {
        signer,
        signature: flags.signature === undefined ? undefined : resolve(io.cwd, flags.signature),
        signal: io.signal,
        onBytes: (count) => line.update((done += count)),
      }).finally(() => line.end());
      io.exitCode = verdict.matches ? 0 : 1;
      if (flags.json) {
        io.stdout.write(`${JSON.stringify({ schemaVersion: 1, ...verdict }, null, 2)}\n`);
        return;
      }
      const chalk = chalkFor(io, io.stdout);
      const said = verdict.matches
        ? chalk.green("the signature matches")
        : `${chalk.red("the signature does not match")}\n${printable(verdict.reason ?? "")}`;
      io.stdout.write(`${printable(archive)}   ${said}\n`);
    });
}

const examples = `
Examples:
  $ model-archiver verify-signature resnet50_fast.mar --key release.pem.pub
  $ model-archiver verify-signature resnet50_fast.mar --key release.pem.pub --signature resnet50_fast.sig

Exit codes: 0 it is what was signed · 1 it is not · 2 a file is missing or cannot be read`;
