import {
  type BundleWithDsseEnvelope,
  bundleFromJSON,
  isBundleWithDsseEnvelope,
  isBundleWithCertificateChain,
  isBundleWithPublicKey,
} from "@sigstore/bundle";

/** What a signature file holds, once it is known to be a Sigstore bundle. */
export interface ParsedBundle {
  readonly payloadType: string;
  readonly payload: Buffer;
  readonly signature: Buffer;
  /** Names the key; empty when it is not named, null when a certificate made the signature. */
  readonly keyHint: string | null;
  /** In DER, the signer's first; empty when a key made the signature. */
  readonly certificates: readonly Uint8Array[];
}

/** Reads and validates a bundle; a sentence says what is wrong with it. */
export function parseBundle(text: string): ParsedBundle | string {
  const bundle = validBundle(text);
  if (bundle === null) return "The signature file is no Sigstore bundle with a signed statement.";
  const { payload, payloadType, signatures } = bundle.content.dsseEnvelope;
  const keyHint = isBundleWithPublicKey(bundle) ? bundle.verificationMaterial.content.publicKey.hint : null;
  const certificates = isBundleWithCertificateChain(bundle)
    ? bundle.verificationMaterial.content.x509CertificateChain.certificates.map(({ rawBytes }) => rawBytes)
    : [];
  return { payload, payloadType, signature: signatures[0]?.sig ?? Buffer.alloc(0), keyHint, certificates };
}

function validBundle(text: string): BundleWithDsseEnvelope | null {
  try {
    const bundle = bundleFromJSON(withLogEntries(JSON.parse(text)));
    return isBundleWithDsseEnvelope(bundle) ? bundle : null;
  } catch {
    // Whatever the parser throws for JSON of another shape: it is no bundle.
    return null;
  }
}

/**
 * Protobuf's JSON leaves empty lists out, which the validator misses. And model signing puts chains of certificates
 * into bundles of version 0.3, which version 0.1 allows and 0.3 does not.
 */
function withLogEntries(bundle: unknown): unknown {
  if (typeof bundle !== "object" || bundle === null || !("verificationMaterial" in bundle)) return bundle;
  const { verificationMaterial } = bundle;
  if (typeof verificationMaterial !== "object" || verificationMaterial === null) return bundle;
  const chained = "x509CertificateChain" in verificationMaterial;
  return {
    ...bundle,
    ...(chained ? { mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.1" } : {}),
    verificationMaterial: { tlogEntries: [], ...verificationMaterial },
  };
}
