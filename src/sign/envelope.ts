import { type KeyObject, createPublicKey, sign, verify } from "node:crypto";
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

/** The signature file: a Sigstore bundle v0.3 with a DSSE envelope around the statement. No log, nothing uploaded. */
export function signStatement(statement: string, key: KeyObject, path: string): string {
  const payload = Buffer.from(statement);
  const signature = sign(curveOf(key, path).hash, preAuthEncoding(payload), key);
  const bundle = {
    mediaType,
    verificationMaterial: { publicKey: { hint: keyHint(createPublicKey(key)) }, tlogEntries: [] },
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

/** Reads a bundle and verifies its signature with `key`, before anything in the payload is looked at. */
export async function openBundle(text: string, key: KeyObject, keyPath: string): Promise<Opened> {
  // The default export: bundlers give a CommonJS module no other.
  const { default: sigstore } = await import("@sigstore/bundle");
  const { bundleFromJSON, isBundleWithDsseEnvelope, isBundleWithPublicKey } = sigstore;
  let bundle: ReturnType<typeof bundleFromJSON>;
  try {
    bundle = bundleFromJSON(withLogEntries(JSON.parse(text)));
  } catch (error) {
    console.error(error);
    return { refused: "The signature file is no Sigstore bundle signed with a key." };
  }
  if (!isBundleWithDsseEnvelope(bundle)) return { refused: "The signature file has no DSSE envelope." };
  const envelope = bundle.content.dsseEnvelope;
  if (envelope.payloadType !== payloadType) {
    return { refused: `The signature is over ${envelope.payloadType}, not over ${payloadType}.` };
  }
  if (!isBundleWithPublicKey(bundle)) return { refused: "The signature was made with a certificate, not with a key." };
  const { hint } = bundle.verificationMaterial.content.publicKey;
  if (hint !== "" && hint !== keyHint(key)) return { refused: "The signature was made with another key." };
  const [signature] = envelope.signatures;
  const right =
    signature !== undefined &&
    verify(curveOf(key, keyPath).hash, preAuthEncoding(envelope.payload), key, signature.sig);
  if (!right) return { refused: "The signature is not right for this key." };
  return { statement: envelope.payload.toString("utf8") };
}

/** Protobuf's JSON leaves empty lists out; the validator misses them. */
function withLogEntries(bundle: unknown): unknown {
  if (typeof bundle !== "object" || bundle === null || !("verificationMaterial" in bundle)) return bundle;
  const { verificationMaterial } = bundle;
  if (typeof verificationMaterial !== "object" || verificationMaterial === null) return bundle;
  return { ...bundle, verificationMaterial: { tlogEntries: [], ...verificationMaterial } };
}
