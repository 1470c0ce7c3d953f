import { type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { diskFailure } from "../archive/disk.ts";
import { ArchiverError } from "../errors.ts";
import { curveOf } from "./key.ts";

/** Certificates between a signer and a root; more is no chain but an attack. */
const longestChain = 10;
const codeSigning = "1.3.6.1.5.5.7.3.3";
/** Bits of the key usage extension (RFC 5280, 4.2.1.3), first octet. */
const digitalSignature = 0x80;
const certificateSigning = 0x04;

/** The certificates of a PEM file, in its order. Throws ArchiverError `bad-key`. */
export async function readCertificates(path: string): Promise<readonly X509Certificate[]> {
  const text = await readFile(path, "latin1").catch((error: unknown) => Promise.reject(diskFailure(error, path)));
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu) ?? [];
  try {
    const certificates = blocks.map((block) => new X509Certificate(block));
    if (certificates.length > 0) return certificates;
  } catch (error) {
    throw new ArchiverError("bad-key", `${path} holds a certificate that cannot be read.`, { cause: error });
  }
  throw new ArchiverError("bad-key", `${path} holds no certificate in PEM.`);
}

/** Throws ArchiverError `bad-key` unless the first certificate is this key's and may sign. */
export function holdToKey(chain: readonly X509Certificate[], key: KeyObject, path: string): void {
  const [signer] = chain;
  if (signer === undefined || !signer.checkPrivateKey(key)) {
    throw new ArchiverError("bad-key", `The first certificate of ${path} is not that of the key.`);
  }
  if (!maySign(signer)) throw new ArchiverError("bad-key", `The first certificate of ${path} is not for signing.`);
}

/**
 * The signer's public key when a path leads from its certificate to one of `roots`, else a sentence. As Python's
 * model-signing does, validity is looked at for the moment when the signer's certificate began.
 */
export function trustedKey(chain: readonly Uint8Array[], roots: readonly X509Certificate[]): KeyObject | string {
  let certificates: X509Certificate[];
  try {
    certificates = chain.slice(0, longestChain).map((bytes) => new X509Certificate(Buffer.from(bytes)));
  } catch {
    return "The signature holds a certificate that cannot be read.";
  }
  const [signer, ...others] = certificates;
  if (signer === undefined) return "The signature holds no certificate.";
  if (!maySign(signer)) return "The signer's certificate is not for signing.";
  if (!leadsTo(signer, others, roots, new Date(signer.validFrom))) {
    return "The signer's certificate does not lead to a certificate that is trusted.";
  }
  const key = signer.publicKey;
  try {
    curveOf(key, "the signer's certificate");
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return key;
}

function leadsTo(
  signer: X509Certificate,
  others: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  time: Date,
): boolean {
  let current = signer;
  for (let step = 0; step < longestChain; step += 1) {
    const from = current;
    if (roots.some((root) => issued(root, from, time))) return true;
    const next = others.find((other) => other.fingerprint256 !== from.fingerprint256 && issued(other, from, time));
    if (next === undefined) return false;
    current = next;
  }
  return false;
}

function issued(issuer: X509Certificate, certificate: X509Certificate, time: Date): boolean {
  if (!issuer.ca || new Date(issuer.validFrom) > time || new Date(issuer.validTo) < time) return false;
  const usage = keyUsage(issuer);
  if (usage !== null && (usage & certificateSigning) === 0) return false;
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function maySign(certificate: X509Certificate): boolean {
  const usage = keyUsage(certificate);
  // What Node calls keyUsage are the extended ones.
  const extended: readonly string[] = certificate.keyUsage ?? [];
  return (usage !== null && (usage & digitalSignature) !== 0) || extended.includes(codeSigning);
}

/** The first octet of the key usage extension, which Node does not tell; null without the extension. */
function keyUsage({ raw }: X509Certificate): number | null {
  const at = raw.indexOf(Buffer.from([0x06, 0x03, 0x55, 0x1d, 0x0f]));
  if (at < 0) return null;
  let next = at + 5;
  // `critical`, a BOOLEAN, may stand between the name and the OCTET STRING around the BIT STRING.
  if (raw[next] === 0x01) next += 3;
  return raw[next] === 0x04 && raw[next + 2] === 0x03 ? (raw[next + 5] ?? 0) : 0;
}
