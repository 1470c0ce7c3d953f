import {
  type BundleWithDsseEnvelope,
  bundleFromJSON,
  isBundleWithDsseEnvelope,
  isBundleWithPublicKey,
} from "@sigstore/bundle";

/** What a signature file holds, once it is known to be a Sigstore bundle. */
export interface ParsedBundle {
  readonly payloadType: string;
  readonly payload: Buffer;
  readonly signature: Buffer;
  /** Names the key; empty when it is not named, null when a certificate made the signature. */
  readonly keyHint: string | null;
}

/** Reads and validates a bundle; a sentence says what is wrong with it. */
export function parseBundle(text: string): ParsedBundle | string {
  const bundle = validBundle(text);
  if (bundle === null) return "The signature file is no Sigstore bundle signed with a key.";
  const { payload, payloadType, signatures } = bundle.content.dsseEnvelope;
  const keyHint = isBundleWithPublicKey(bundle) ? bundle.verificationMaterial.content.publicKey.hint : null;
  return { payload, payloadType, signature: signatures[0]?.sig ?? Buffer.alloc(0), keyHint };
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

/** Protobuf's JSON leaves empty lists out; the validator misses them. */
function withLogEntries(bundle: unknown): unknown {
  if (typeof bundle !== "object" || bundle === null || !("verificationMaterial" in bundle)) return bundle;
  const { verificationMaterial } = bundle;
  if (typeof verificationMaterial !== "object" || verificationMaterial === null) return bundle;
  return { ...bundle, verificationMaterial: { tlogEntries: [], ...verificationMaterial } };
}
