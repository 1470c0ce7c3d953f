import { resolve } from "node:path";
import { holdToKey, readCertificates } from "../sign/certificate.ts";
import type { SigningKey } from "../sign/envelope.ts";
import { readPassword, readPrivateKey } from "../sign/key.ts";

/** The values of `signingOptions`. */
export interface SigningFlags {
  readonly key: string;
  readonly passwordFile?: string | undefined;
  readonly certificate?: string | undefined;
}

/** The key that `--key` names, with its certificates. Throws ArchiverError `bad-key`, `bad-password`. */
export async function signingKey(
  { key: keyPath, passwordFile, certificate }: SigningFlags,
  cwd: string,
): Promise<SigningKey> {
  const password = passwordFile === undefined ? null : await readPassword(resolve(cwd, passwordFile));
  const key = await readPrivateKey(resolve(cwd, keyPath), password);
  if (certificate === undefined) return { key, keyPath };
  const path = resolve(cwd, certificate);
  const certificates = await readCertificates(path);
  holdToKey(certificates, key, path);
  return { key, keyPath, certificates };
}
