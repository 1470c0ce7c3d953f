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

export interface GateFlags extends SignerFlags {
  readonly requireSignature?: boolean;
  readonly requireAttestation?: boolean;
}

/** By whom the signature must be, and by whom the attestation; undefined where it is not required. */
export interface RequiredSigners {
  readonly signature: Signer | undefined;
  readonly attestation: Signer | undefined;
}

/** What `--require-signature` and `--require-attestation` ask for. Throws ArchiverError `usage`. */
export async function requiredSigners(flags: GateFlags, cwd: string): Promise<RequiredSigners> {
  const { requireSignature = false, requireAttestation = false, key, certificateChain } = flags;
  if (requireSignature || requireAttestation) {
    const signer = await signerOf(flags, cwd);
    return { signature: requireSignature ? signer : undefined, attestation: requireAttestation ? signer : undefined };
  }
  if (key === undefined && certificateChain === undefined) return { signature: undefined, attestation: undefined };
  throw new ArchiverError(
    "usage",
    "--key and --certificate-chain go with --require-signature or --require-attestation",
  );
}
