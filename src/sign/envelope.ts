import { type KeyObject, type X509Certificate, createPublicKey, sign, verify } from "node:crypto";
import type { ParsedBundle } from "./bundle.ts";
import { curveOf, keyHint } from "./key.ts";

const mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json";
const payloadType = "application/vnd.in-toto+json";

/** Bytes of the largest signature file: 65,534 entries need about 10 MB. */
export const largestBundle = 64 << 20;

/** What is really signed: https://github.com/secure-systems-lab/dsse, protocol.md, "PAE". */
function preAuthEncoding(payload: Buffer): Buffer {
  const head = `DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** What signs. */
export interface SigningKey {
  readonly key: KeyObject;
  /** Where the key came from, for messages. */
  readonly keyPath: string;
  /** Certificates of the key, its own first, for verifiers who know only who vouches for it. */
  readonly certificates?: readonly X509Certificate[];
}

/** The signature file: a Sigstore bundle v0.3 with a DSSE envelope around the statement. No log, nothing uploaded. */
export function signStatement(statement: string, { key, keyPath, certificates: chain = [] }: SigningKey): string {
  const payload = Buffer.from(statement);
  const signature = sign(curveOf(key, keyPath).hash, preAuthEncoding(payload), key);
  const bundle = {
    mediaType,
    verificationMaterial: {
      ...(chain.length === 0
        ? { publicKey: { hint: keyHint(createPublicKey(key)) } }
        : { x509CertificateChain: { certificates: chain.map(({ raw }) => ({ rawBytes: raw.toString("base64") })) } }),
      tlogEntries: [],
    },
    dsseEnvelope: {
      payload: payload.toString("base64"),
      payloadType,
      signatures: [{ sig: signature.toString("base64"), keyid: "" }],
    },
  };
  return `${JSON.stringify(bundle)}\n`;
}

/** The statement of a signature file whose signature is right, or why it is not to be trusted. */
export type Opened = { readonly statement: string } | { readonly refused: string };

/** Whose signature is accepted: that of one key, or of any signer whom one of these certificates vouches for. */
export type Signer =
  | { readonly key: KeyObject; readonly keyPath: string }
  | { readonly roots: readonly X509Certificate[] };

/** Reads a bundle and verifies its signature, before anything in the payload is looked at. */
export async function openBundle(text: string, signer: Signer): Promise<Opened> {
  const { parseBundle } = await import("./bundle.ts");
  const bundle = parseBundle(text);
  if (typeof bundle === "string") return { refused: bundle };
  if (bundle.payloadType !== payloadType) {
    return { refused: `The signature is over ${bundle.payloadType}, not over ${payloadType}.` };
  }
  const key = await keyOf(bundle, signer);
  if (typeof key === "string") return { refused: key };
  const right = verify(curveOf(key, "the key").hash, preAuthEncoding(bundle.payload), key, bundle.signature);
  if (!right) return { refused: "The signature is not right for this key." };
  return { statement: bundle.payload.toString("utf8") };
}

async function keyOf(bundle: ParsedBundle, signer: Signer): Promise<KeyObject | string> {
  if ("roots" in signer) {
    if (bundle.certificates.length === 0) return "The signature was made with a key, not with a certificate.";
    const { trustedKey } = await import("./certificate.ts");
    return trustedKey(bundle.certificates, signer.roots);
  }
  if (bundle.keyHint === null) return "The signature was made with a certificate, not with a key.";
  const another = bundle.keyHint !== "" && bundle.keyHint !== keyHint(signer.key);
  return another ? "The signature was made with another key." : signer.key;
}
