import { createPublicKey } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { writeWhole } from "../archive/write-whole.ts";
import { translated } from "../archive/file-source.ts";
import { ArchiverError } from "../errors.ts";
import { buildAttestation } from "../sign/attestation.ts";
import { digestFile } from "../sign/content.ts";
import { type SigningKey, signStatement } from "../sign/envelope.ts";
import { keyHint } from "../sign/key.ts";
import { attestationPath } from "../sign/verify-attestation.ts";
import { toolVersion } from "../version.ts";
import { opener, type VerifyAllOptions } from "./verify-all.ts";
import { type Verified, verifyWithFacts } from "./verify.ts";

export interface AttestOptions extends VerifyAllOptions {
  readonly signing: SigningKey;
  /** The attestation file; `ARCHIVE.att` when left out. */
  readonly output?: string;
  readonly now?: () => Date;
}

export interface Attested extends Verified {
  /** The attestation file; null when the archive is not ready: then nothing is signed. */
  readonly attestation: string | null;
  /** Lower-case hex SHA-256 of the archive; null when nothing is signed. */
  readonly sha256: string | null;
  /** Names the key. */
  readonly keyHint: string;
}

/**
 * Judges an archive, runs its model, and signs what was found together with the SHA-256 of the file, so that others
 * need not run it again. Only what is ready is attested. Throws ArchiverError `not-a-file`, `input-changed`, and as
 * `verify` does.
 */
export async function attest(location: string, options: AttestOptions): Promise<Attested> {
  const { signing, output = attestationPath(location), now = () => new Date(), signal } = options;
  const before = await marksOf(location);
  const verified = await judge(location, options);
  const hint = keyHint(createPublicKey(signing.key));
  if (verified.report.verdict !== "ready") return { ...verified, attestation: null, sha256: null, keyHint: hint };
  const sha256 = await digestFile(location, { signal });
  // What was verified and what is signed must be the same bytes.
  if ((await marksOf(location)) !== before) throw new ArchiverError("input-changed", `${location} changed meanwhile.`);
  const name = basename(resolve(location));
  const { report } = verified;
  const statement = buildAttestation({ name, sha256, report, toolVersion: toolVersion(), finishedOn: now() });
  const text = signStatement(statement, signing);
  await writeWhole(output, text);
  return { ...verified, attestation: output, sha256, keyHint: hint };
}

async function judge(location: string, options: AttestOptions): Promise<Verified> {
  const archive = await opener(options)(location);
  try {
    return await verifyWithFacts(archive, options);
  } finally {
    await archive.close();
  }
}

/** What changes when a file is written to or replaced. */
async function marksOf(location: string): Promise<string> {
  const stats = await stat(location, { bigint: true }).catch((error: unknown) => {
    throw translated(error, location);
  });
  if (!stats.isFile()) {
    const remedy = "Pack it with model-archiver archive: an attestation is about one file.";
    throw new ArchiverError("not-a-file", `${location} is no regular file.`, { remedy });
  }
  const { ino, size, mtimeNs, ctimeNs } = stats;
  return [ino, size, mtimeNs, ctimeNs].join();
}
