import { z } from "zod";
import { report } from "../verify/report-schema.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();
const names = z.array(z.string());

/** The shape of `keygen --json`; running never loads it. */
export const keygenDocument = z.strictObject({
  schemaVersion: z.literal(1),
  privateKey: z.string(),
  publicKey: z.string(),
  curve: z.enum(["P-256", "P-384", "P-521"]),
  encrypted: z.boolean(),
  keyHint: sha256.describe("SHA-256 of the public key's PEM text; signatures name the key by it."),
});

/** The shape of `sign --json`. */
export const signDocument = z.strictObject({
  schemaVersion: z.literal(1),
  archive: z.string(),
  signature: z.string(),
  sha256: sha256.nullable().describe("Of the file; null for a folder."),
  files: count,
  entriesChecked: count.describe("Entries whose digests were checked against the manifest."),
  keyHint: sha256,
});

/** The shape of `verify-signature --json`. */
export const verifySignatureDocument = z.strictObject({
  schemaVersion: z.literal(1),
  archive: z.string(),
  signature: z.string(),
  matches: z.boolean(),
  reason: z.string().nullable(),
  signedName: z.string().nullable(),
  sha256: sha256.nullable().describe("Of the file as it is; null for a folder, and where it was not read."),
  changed: names,
  missing: names,
  added: names,
});

/** The shape of `attest --json`. */
export const attestDocument = z.strictObject({
  schemaVersion: z.literal(1),
  archive: z.string(),
  attestation: z.string().nullable().describe("The file; null when the archive is not ready: then nothing is signed."),
  sha256: sha256.nullable().describe("Of the archive."),
  keyHint: sha256,
  report,
});
