import { ArchiverError } from "../../errors.ts";
import { type AttestationVerdict, verifyAttestation } from "../../sign/verify-attestation.ts";
import { signatureLook } from "../signature/verdict.ts";
import type { Subject } from "../subject.ts";

/** What looking at the attestation found; `absent` says why there is none to look at. */
export type AttestationLook = AttestationVerdict | { readonly absent: string };

const known = new WeakMap<Subject, Promise<AttestationLook>>();

/** The attestation of the archive in the light of `--require-attestation`; null when nobody asked. Verified once. */
export async function attestationLook(subject: Subject): Promise<AttestationLook | null> {
  if (subject.options.requiredAttestation === null) return null;
  const found = known.get(subject) ?? look(subject);
  known.set(subject, found);
  return found;
}

async function look(subject: Subject): Promise<AttestationLook> {
  const { archive, options } = subject;
  const { location, container } = archive;
  if (/^[a-z][a-z+.-]+:\/\//iu.test(location)) {
    return { absent: "The attestation of an archive on a server is not looked for; fetch both files first." };
  }
  if (container === "directory") return { absent: "A folder cannot be attested: an attestation is about one file." };
  const required = options.requiredAttestation;
  if (required === null) return { absent: "No key was given." };
  const { signer, file } = required;
  try {
    const sha256 = await digestKnown(subject);
    return await verifyAttestation(location, { signer, attestation: file ?? undefined, sha256 });
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    return { absent: error.message };
  }
}

/** Where a signature is required, too, its bytes have been read already. */
async function digestKnown(subject: Subject): Promise<string | undefined> {
  const signature = await signatureLook(subject);
  return signature === null || "absent" in signature ? undefined : (signature.sha256 ?? undefined);
}
