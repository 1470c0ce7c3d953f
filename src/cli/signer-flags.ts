import { resolve } from "node:path";
import { ArchiverError } from "../errors.ts";
import type { Signer } from "../sign/envelope.ts";

interface SignerFlags {
  readonly key?: string;
  readonly certificateChain?: string;
}

/** Whose signature `--key` or `--certificate-chain` accepts. Throws ArchiverError `usage` unless there is one of them. */
export async function signerOf({ key, certificateChain }: SignerFlags, cwd: string): Promise<Signer> {
  if (key !== undefined && certificateChain === undefined) {
    const { readPublicKey } = await import("../sign/key.ts");
    return { key: await readPublicKey(resolve(cwd, key)), keyPath: key };
  }
  if (certificateChain !== undefined && key === undefined) {
    const { readCertificates } = await import("../sign/certificate.ts");
    return { roots: await readCertificates(resolve(cwd, certificateChain)) };
  }
  throw new ArchiverError("usage", "give --key PUBLIC.pem, or --certificate-chain TRUSTED.pem");
}

/** As `signerOf` where a signature is required; undefined where it is not. */
export async function requiredSigner(
  flags: SignerFlags & { readonly requireSignature?: boolean },
  cwd: string,
): Promise<Signer | undefined> {
  if (flags.requireSignature === true) return signerOf(flags, cwd);
  if (flags.key === undefined && flags.certificateChain === undefined) return undefined;
  throw new ArchiverError("usage", "--key and --certificate-chain go with --require-signature");
}
