import { resolve } from "node:path";
import { type Attestation, readAttestation } from "./attestation.ts";
import { readBundleFile } from "./bundle-file.ts";
import { digestFile } from "./content.ts";
import { openBundle, type Signer } from "./envelope.ts";

export interface VerifyAttestationOptions {
  /** The public key, or the certificates that vouch for signers. */
  readonly signer: Signer;
  /** The attestation file; `ARCHIVE.att` when left out. */
  readonly attestation?: string | undefined;
  /** SHA-256 of the archive, where it is known: then it is not read. */
  readonly sha256?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface AttestationVerdict {
  readonly archive: string;
  readonly attestation: string;
  /** Whether the signer says that these very bytes were tested, and passed. */
  readonly holds: boolean;
  /** Why not; null when it holds. */
  readonly reason: string | null;
  /** What the signer says; null where that cannot be trusted. */
  readonly says: Attestation | null;
}

/** Where the attestation of a file lies when nothing else is said: beside it. */
export function attestationPath(location: string): string {
  return `${resolve(location)}.att`;
}

/**
 * Whether somebody who is trusted has tested this file and found it good. Nothing of the statement is believed before
 * its signature is found right. Throws ArchiverError `not-found` where the archive or the attestation is missing.
 */
export async function verifyAttestation(
  location: string,
  { signer, attestation = attestationPath(location), sha256, signal }: VerifyAttestationOptions,
): Promise<AttestationVerdict> {
  const text = await readBundleFile(attestation);
  const says = text === null ? "The attestation file is too large." : await trustedAttestation(text, signer);
  const answer = (reason: string | null, said: Attestation | null): AttestationVerdict => ({
    archive: location,
    attestation,
    holds: reason === null,
    reason,
    says: said,
  });
  if (typeof says === "string") return answer(says, null);
  const actual = sha256 ?? (await digestFile(location, { signal }));
  if (says.sha256 !== actual) return answer(`Another file was tested: ${says.name}, sha256:${says.sha256}.`, says);
  if (says.result === "FAILED") return answer("The file was tested and failed.", says);
  if (says.verdict !== null && says.verdict !== "ready") return answer(`What was attested is: ${says.verdict}.`, says);
  return answer(null, says);
}

/** What an attestation says, once its signature is found right; else a sentence. */
export async function trustedAttestation(text: string, signer: Signer): Promise<Attestation | string> {
  const opened = await openBundle(text, signer);
  return "refused" in opened ? opened.refused : readAttestation(opened.statement);
}
