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
  const { parseBundle } = await import("./bundle.ts");
  const bundle = parseBundle(text);
  if (typeof bundle === "string") return { refused: bundle };
  if (bundle.payloadType !== payloadType) {
    return { refused: `The signature is over ${bundle.payloadType}, not over ${payloadType}.` };
  }
  if (bundle.keyHint === null) return { refused: "The signature was made with a certificate, not with a key." };
  if (bundle.keyHint !== "" && bundle.keyHint !== keyHint(key)) {
    return { refused: "The signature was made with another key." };
  }
  const right = verify(curveOf(key, keyPath).hash, preAuthEncoding(bundle.payload), key, bundle.signature);
  if (!right) return { refused: "The signature is not right for this key." };
  return { statement: bundle.payload.toString("utf8") };
}
