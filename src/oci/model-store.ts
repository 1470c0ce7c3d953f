import { memorySource } from "../archive/byte-source.ts";
import { ArchiverError } from "../errors.ts";
import { emptyConfig } from "./attachment.ts";
import type { TransferSettings } from "./blob-source.ts";
import { fetchSmall } from "./fetch-attachments.ts";
import { digestOf, readDescriptors, readJson, record } from "./index-document.ts";
import { digestPattern, isFileName, parseReference, type Reference } from "./reference.ts";
import { largestManifest, manifestType, type Store } from "./store.ts";

/** An archive of a model store, and where its artifact lies. */
export interface StoredArchive {
  /** Its name in the folder. */
  readonly file: string;
  /** Below the store's own repository; in a layout the first part of the tag. */
  readonly repository: string;
  readonly tag: string;
  /** Digest of the artifact's manifest. */
  readonly digest: string;
  /** Of the file; lower-case hex. */
  readonly sha256: string;
  readonly size: number;
}

/** Ours: a list of archives that belong together, under one tag; it names only what is there. */
const storeType = "application/vnd.model-archiver.store.v1+json";
const emptyType = "application/vnd.oci.empty.v1+json";
const schemaVersion = 1;

/** Where the artifact of an archive lies below the reference of its store; `name` is a tag or a digest. */
export function artifactReference(
  store: Reference,
  { repository, tag, digest }: Pick<StoredArchive, "repository" | "tag"> & { readonly digest?: string },
): string {
  if (store.kind === "layout") {
    return digest === undefined
      ? `oci-layout:${store.folder}:${repository}-${tag}`
      : `oci-layout:${store.folder}@${digest}`;
  }
  const path = `oci://${store.host}/${store.repository}/${repository}`;
  return digest === undefined ? `${path}:${tag}` : `${path}@${digest}`;
}

/** The archives that a store lists, and the digest of the list; null where there is no store. Throws ArchiverError. */
export async function readModelStore(
  store: Store,
  reference: Reference,
  settings: TransferSettings,
): Promise<{ readonly digest: string; readonly archives: readonly StoredArchive[] } | null> {
  const manifest = await store.getManifest(reference.name);
  if (manifest === null) return null;
  const document = readJson(manifest.bytes);
  const [layer] = readDescriptors(document["layers"]);
  if (document["artifactType"] !== storeType || layer === undefined || layer.size > largestManifest) {
    throw new ArchiverError("bad-artifact", "What lies there is no model store.", {
      remedy: "Give the place that model-archiver sync wrote to.",
    });
  }
  const bytes = await fetchSmall(store, layer, settings);
  if (bytes === null) throw new ArchiverError("bad-artifact", "The list is not what its digest says.");
  return { digest: manifest.digest, archives: readArchives(bytes, reference) };
}

function readArchives(bytes: Uint8Array, store: Reference): readonly StoredArchive[] {
  const list = readJson(bytes)["archives"];
  const archives = Array.isArray(list) ? list.map((row) => readArchive(row, store)) : [];
  const sound = archives.filter((archive) => archive !== null);
  if (!Array.isArray(list) || sound.length < list.length) {
    throw new ArchiverError("bad-artifact", "The list of the model store cannot be read.");
  }
  return sound;
}

/** Names come from the other side: only plain file names, and only repositories below the store's. */
function readArchive(value: unknown, store: Reference): StoredArchive | null {
  const { file, repository, tag, digest, sha256, size } = record(value);
  if (typeof file !== "string" || !isFileName(file)) return null;
  if (typeof repository !== "string" || typeof tag !== "string" || typeof size !== "number") return null;
  if (typeof digest !== "string" || !digestPattern.test(digest)) return null;
  if (typeof sha256 !== "string" || !digestPattern.test(`sha256:${sha256}`)) return null;
  const archive = { file, repository, tag, digest, sha256, size };
  try {
    parseReference(artifactReference(store, archive));
    return archive;
  } catch {
    return null;
  }
}

/** Puts the list under the store's tag; the same archives give the same digest. Returns it. */
export async function writeModelStore(
  store: Store,
  reference: Reference,
  archives: readonly StoredArchive[],
): Promise<string> {
  const rows = archives.toSorted((a, b) => (a.file < b.file ? -1 : 1));
  const list = Buffer.from(JSON.stringify({ schemaVersion, archives: rows }));
  for (const bytes of [list, emptyConfig]) {
    const digest = digestOf(bytes);
    if (!(await store.hasBlob(digest))) await store.putBlob(digest, memorySource(bytes), () => undefined);
  }
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      artifactType: storeType,
      config: { mediaType: emptyType, digest: digestOf(emptyConfig), size: emptyConfig.length },
      layers: [{ mediaType: storeType, digest: digestOf(list), size: list.length }],
    }),
  );
  const manifest = { bytes, digest: digestOf(bytes), mediaType: manifestType };
  await store.putManifest(reference.name, manifest, { artifactType: storeType, subject: null });
  return manifest.digest;
}
