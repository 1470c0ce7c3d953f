import { ArchiverError } from "../../errors.ts";
import { type SignatureVerdict, verifySignature } from "../../sign/verify-signature.ts";
import type { Subject } from "../subject.ts";

/** What looking at the signature found; `absent` says why there is none to look at. */
export type SignatureLook = SignatureVerdict | { readonly absent: string };

const known = new WeakMap<Subject, Promise<SignatureLook>>();

/** The signature of the archive in the light of `--require-signature`; null when nobody asked. Verified once. */
export async function signatureLook(subject: Subject): Promise<SignatureLook | null> {
  if (subject.options.requiredSignature === null) return null;
  const found = known.get(subject) ?? look(subject);
  known.set(subject, found);
  return found;
}

async function look({ archive, options }: Subject): Promise<SignatureLook> {
  const { location } = archive;
  if (/^[a-z][a-z+.-]+:\/\//iu.test(location)) {
    return { absent: "The signature of an archive on a server is not looked for; fetch both files first." };
  }
  const required = options.requiredSignature;
  if (required === null) return { absent: "No key was given." };
  const { signer, file } = required;
  try {
    return await verifySignature(location, { signer, signature: file ?? undefined });
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    return { absent: error.message };
  }
}
