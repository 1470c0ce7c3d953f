import { resolve } from "node:path";
import { Command, Option } from "commander";
import type { CurveName } from "../../sign/key.ts";
import type { Io } from "../io.ts";

interface KeygenFlags {
  readonly output: string;
  readonly curve: CurveName;
  readonly passwordFile?: string;
  readonly json?: boolean;
}

export function keygenCommand(io: Io): Command {
  return new Command("keygen")
    .description("make a key pair for signing archives")
    .requiredOption("-o, --output <key>", "the private key; the public one goes to <key>.pub")
    .addOption(
      new Option("--curve <curve>", "the elliptic curve").choices(["P-256", "P-384", "P-521"]).default("P-256"),
    )
    .option("--password-file <file>", "encrypt the private key with the first line of this file")
    .option("--json", "print one JSON document")
    .addHelpText("after", examples)
    .action(async (flags: KeygenFlags) => {
      const [{ readPassword, writeKeyPair }, { printable }] = await Promise.all([
        import("../../sign/key.ts"),
        import("../../report/text.ts"),
      ]);
      const privateKey = resolve(io.cwd, flags.output);
      const publicKey = `${privateKey}.pub`;
      const password =
        flags.passwordFile === undefined ? null : await readPassword(resolve(io.cwd, flags.passwordFile));
      const { hint } = await writeKeyPair(privateKey, publicKey, flags.curve, password);
      const encrypted = password !== null;
      const document = { schemaVersion: 1, privateKey, publicKey, curve: flags.curve, encrypted, keyHint: hint };
      const lines = [
        `private  ${printable(privateKey)}   ${flags.curve}${encrypted ? ", encrypted" : ""}, keep it secret`,
        `public   ${printable(publicKey)}   give it to those who verify`,
      ];
      io.stdout.write(flags.json ? `${JSON.stringify(document, null, 2)}\n` : `${lines.join("\n")}\n`);
    });
}

const examples = `
Examples:
  $ model-archiver keygen -o release.pem
  $ model-archiver keygen -o release.pem --curve P-384 --password-file password.txt`;
