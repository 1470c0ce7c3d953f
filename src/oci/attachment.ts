import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { diskFailure } from "../archive/disk.ts";
import { ArchiverError } from "../errors.ts";
import { readAttestation, testResultType } from "../sign/attestation.ts";
import { largestBundle, openBundle, type Signer } from "../sign/envelope.ts";
import { predicateTypeOf } from "../sign/in-toto.ts";
import { readStatement, signatureType } from "../sign/statement.ts";
import { digestOf, readDescriptor, readDescriptors, readJson } from "./index-document.ts";
import { type Descriptor, type ManifestMeaning, manifestType, type StoredManifest } from "./store.ts";

/** What travels with an archive: a file beside it here, a referrer of its manifest there. */
export type AttachmentKind = "signature" | "attestation" | "bom";

export interface Attachment {
  readonly kind: AttachmentKind;
  readonly bytes: Uint8Array;
  /** Lower-case hex SHA-256 of the file that it says it is about; null where it does not say. */
  readonly about: string | null;
}

/** Follows the archive's name in that of the file beside it. */
export const attachmentSuffixes: Readonly<Record<AttachmentKind, string>> = {
  signature: ".sig",
  attestation: ".att",
  bom: ".cdx.json",
};

export const attachmentKinds: readonly AttachmentKind[] = ["signature", "attestation", "bom"];

const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";
const bomType = "application/vnd.cyclonedx+json";
const mediaTypes: Readonly<Record<AttachmentKind, string>> = {
  signature: bundleType,
  attestation: bundleType,
  bom: bomType,
};
const predicateTypes: Readonly<Record<string, AttachmentKind>> = {
  [signatureType]: "signature",
  [testResultType]: "attestation",
};

/** What these bytes are, by their content alone; null for anything else. Nothing in them is verified yet. */
export async function readAttachment(bytes: Uint8Array): Promise<Attachment | null> {
  const document = readJson(bytes);
  if (document["bomFormat"] === "CycloneDX") return { kind: "bom", bytes, about: null };
  if (!("dsseEnvelope" in document)) return null;
  const { parseBundle } = await import("../sign/bundle.ts");
  const bundle = parseBundle(Buffer.from(bytes).toString("utf8"));
  if (typeof bundle === "string") return null;
  const text = bundle.payload.toString("utf8");
  const kind = predicateTypes[predicateTypeOf(text) ?? ""];
  if (kind === undefined) return null;
  return { kind, bytes, about: kind === "signature" ? signedDigest(text) : testedDigest(text) };
}

function signedDigest(text: string): string | null {
  const signed = readStatement(text);
  return typeof signed === "string" ? null : (signed.resources.find(({ name }) => name === ".")?.digest ?? null);
}

function testedDigest(text: string): string | null {
  const attested = readAttestation(text);
  return typeof attested === "string" ? null : attested.sha256;
}

/** Files to attach, where they do not lie beside the archive under its name. */
export type NamedAttachments = Readonly<Partial<Record<AttachmentKind, string>>>;

/**
 * The signature, the attestation and the bill of materials of a file, as far as they are there. Throws ArchiverError
 * `not-found`, or `bad-attachment` for one that is about other bytes: it would only be refused on the other side.
 */
export async function attachmentsOf(location: string, sha256: string, named: NamedAttachments): Promise<Attachment[]> {
  const found: Attachment[] = [];
  for (const kind of attachmentKinds) {
    const given = named[kind];
    const path = given ?? `${resolve(location)}${attachmentSuffixes[kind]}`;
    const bytes = await smallFile(path, given !== undefined);
    if (bytes === null) continue;
    const attachment = await readAttachment(bytes);
    if (attachment?.kind !== kind) throw new ArchiverError("bad-attachment", `${path} is no ${kind} that we know.`);
    if (attachment.about !== null && attachment.about !== sha256) {
      throw new ArchiverError("bad-attachment", `${path} is about other bytes, sha256:${attachment.about}.`);
    }
    found.push(attachment);
  }
  return found;
}

async function smallFile(path: string, named: boolean): Promise<Uint8Array | null> {
  try {
    const { size } = await stat(path);
    if (size > largestBundle) throw new ArchiverError("bad-attachment", `${path} is too large to be attached.`);
    return await readFile(path);
  } catch (error) {
    if (!named && error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error instanceof ArchiverError ? error : diskFailure(error, path);
  }
}

export const emptyConfig = Buffer.from("{}");
const emptyType = "application/vnd.oci.empty.v1+json";

/**
 * The manifest that hangs an attachment on the artifact `subject`. Bundles are annotated as cosign does.
 * https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md
 */
export function buildReferrer(
  { kind, bytes }: Attachment,
  fileName: string,
  subject: StoredManifest,
): { readonly manifest: StoredManifest; readonly meaning: ManifestMeaning } {
  const artifactType = mediaTypes[kind];
  const title = `${fileName}${attachmentSuffixes[kind]}`;
  const layer = {
    mediaType: artifactType,
    digest: digestOf(bytes),
    size: bytes.length,
    annotations: { "org.opencontainers.image.title": title },
  };
  const [predicateType] = Object.entries(predicateTypes).find(([, one]) => one === kind) ?? [];
  const annotations: Record<string, string> =
    predicateType === undefined
      ? {}
      : {
          "dev.sigstore.bundle.content": "dsse-envelope",
          "dev.sigstore.bundle.predicateType": predicateType,
        };
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      artifactType,
      config: { mediaType: emptyType, digest: digestOf(emptyConfig), size: emptyConfig.length },
      layers: [layer],
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.bytes.length },
      annotations,
    }),
  );
  return {
    manifest: { bytes: manifest, digest: digestOf(manifest), mediaType: manifestType },
    meaning: { artifactType, subject: subject.digest, annotations },
  };
}

/** The blob of an attachment in a manifest that refers to `subject`; null for any other manifest. */
export function readReferrer(bytes: Uint8Array, subject: string): Descriptor | null {
  const manifest = readJson(bytes);
  if (readDescriptor(manifest["subject"])?.digest !== subject) return null;
  const known = (layer: Descriptor): boolean => layer.mediaType === bundleType || layer.mediaType === bomType;
  return readDescriptors(manifest["layers"]).find(known) ?? null;
}

/**
 * The attachment of a kind to go by: the newest that `signer` made, so that nobody can hide it behind another; else the
 * newest, which then says why it is refused. Null when there is none.
 */
export async function chosen(
  all: readonly Attachment[],
  kind: AttachmentKind,
  sha256: string,
  signer?: Signer,
): Promise<Attachment | null> {
  const newest = all.filter((one) => one.kind === kind).toReversed();
  const fitting = newest.filter(({ about }) => about === null || about === sha256);
  if (signer !== undefined) {
    for (const one of fitting) {
      if (!("refused" in (await openBundle(Buffer.from(one.bytes).toString("utf8"), signer)))) return one;
    }
  }
  return fitting[0] ?? newest[0] ?? null;
}
