import type { KeyObject, X509Certificate } from "node:crypto";
import { resolve } from "node:path";
import { Command } from "commander";
import type { Io } from "../io.ts";
import { progress } from "../progress.ts";

interface SignFlags {
  readonly key: string;
  readonly passwordFile?: string;
  readonly certificate?: string;
  readonly output?: string;
  readonly json?: boolean;
}

export function signCommand(io: Io): Command {
  return new Command("sign")
    .description("sign an archive, a model file or a folder (OpenSSF model signing; nothing is uploaded)")
    .argument("<archive>", "file or folder")
    .requiredOption("--key <file>", "private key in PEM: P-256, P-384 or P-521, SEC1 or PKCS#8")
    .option("--password-file <file>", "the password of an encrypted key, in its first line")
    .option("--certificate <file>", "the key's certificate, then those between it and the root, in PEM")
    .option("-o, --output <file>", "the signature file (default: <archive>.sig)")
    .option("--json", "print one JSON document")
    .addHelpText("after", examples)
    .action(async (archive: string, flags: SignFlags) => {
      const [{ readPassword, readPrivateKey }, { signArchive }, { plural, printable }] = await Promise.all([
        import("../../sign/key.ts"),
        import("../../sign/sign.ts"),
        import("../../report/text.ts"),
      ]);
      const password =
        flags.passwordFile === undefined ? null : await readPassword(resolve(io.cwd, flags.passwordFile));
      const key = await readPrivateKey(resolve(io.cwd, flags.key), password);
      const certificates =
        flags.certificate === undefined ? [] : await chainOf(resolve(io.cwd, flags.certificate), key);
      const line = progress(io, "signing", { json: flags.json === true });
      let done = 0;
      const signed = await signArchive(resolve(io.cwd, archive), {
        key,
        keyPath: flags.key,
        certificates,
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

async function chainOf(path: string, key: KeyObject): Promise<readonly X509Certificate[]> {
  const { holdToKey, readCertificates } = await import("../../sign/certificate.ts");
  const certificates = await readCertificates(path);
  holdToKey(certificates, key, path);
  return certificates;
}

const examples = `
Examples:
  $ model-archiver sign resnet50_fast.mar --key release.pem
  $ model-archiver sign resnet50_fast.mar --key release.pem --password-file password.txt -o resnet50_fast.sig`;
