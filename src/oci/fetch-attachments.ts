import { writeFile } from "node:fs/promises";
import { writeFailure } from "../archive/write-failure.ts";
import { largestBundle, type Signer } from "../sign/envelope.ts";
import {
  type Attachment,
  attachmentKinds,
  type AttachmentKind,
  attachmentSuffixes,
  chosen,
  readAttachment,
  readReferrer,
} from "./attachment.ts";
import { fileBytes, type TransferSettings } from "./blob-source.ts";
import { digestOf } from "./index-document.ts";
import type { Found } from "./remote-archive.ts";
import type { Descriptor, Store } from "./store.ts";

/** Referrers that are looked at: more are there to waste our time. */
const mostReferrers = 64;

/** By whom an attachment must be, to be chosen among others of its kind. */
export type Signers = Readonly<Partial<Record<AttachmentKind, Signer | undefined>>>;

/** Writes the artifact's attachments beside `path`, one of each kind, and says which there are. */
export async function fetchAttachments(
  found: Found,
  path: string,
  signers: Signers,
  settings: TransferSettings,
): Promise<readonly AttachmentKind[]> {
  const all = await allAttachments(found, settings);
  const kinds: AttachmentKind[] = [];
  for (const kind of attachmentKinds) {
    const one = await chosen(all, kind, found.plan.sha256, signers[kind]);
    if (one === null) continue;
    const file = `${path}${attachmentSuffixes[kind]}`;
    await writeFile(file, one.bytes).catch((error: unknown) => Promise.reject(writeFailure(error, file)));
    kinds.push(kind);
  }
  return kinds;
}

/** The artifact's attachment of one kind, by this signer if there is one; null when there is none. */
export async function fetchAttachment(
  found: Found,
  kind: AttachmentKind,
  signer: Signer,
  settings: TransferSettings,
): Promise<Attachment | null> {
  return chosen(await allAttachments(found, settings), kind, found.plan.sha256, signer);
}

async function allAttachments({ store, manifest }: Found, settings: TransferSettings): Promise<readonly Attachment[]> {
  const all: Attachment[] = [];
  let room = largestBundle;
  for (const referrer of (await store.referrers(manifest.digest)).slice(-mostReferrers)) {
    const document = await store.getManifest(referrer.digest);
    const blob = document && readReferrer(document.bytes, manifest.digest);
    if (!blob || blob.size > room) continue;
    room -= blob.size;
    const bytes = await fetchSmall(store, blob, settings);
    const attachment = bytes && (await readAttachment(bytes));
    if (attachment) all.push(attachment);
  }
  return all;
}

/** A small blob; null when its bytes are not those of its digest. */
export async function fetchSmall(
  store: Store,
  blob: Descriptor,
  settings: TransferSettings,
): Promise<Uint8Array | null> {
  const segments = [{ at: 0, length: blob.size, digest: blob.digest, from: 0 }];
  const plan = { name: null, size: blob.size, sha256: blob.digest.slice(7), manifestSha256: null, segments };
  const parts: Uint8Array[] = [];
  for await (const block of fileBytes(store, plan, 0, blob.size, settings)) parts.push(block);
  const bytes = Buffer.concat(parts);
  return digestOf(bytes) === blob.digest ? bytes : null;
}
