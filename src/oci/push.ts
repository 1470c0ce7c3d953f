import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { type ByteSource, memorySource, slice } from "../archive/byte-source.ts";
import { type FileSource, openFile } from "../archive/file-source.ts";
import { readZip } from "../archive/zip-records.ts";
import { ArchiverError } from "../errors.ts";
import { inspect } from "../inspect/inspect.ts";
import { openArchive } from "../archive/open.ts";
import { manifestPath } from "../manifest/manifest.ts";
import { readContent } from "../sign/content.ts";
import {
  type Attachment,
  type AttachmentKind,
  attachmentsOf,
  buildReferrer,
  emptyConfig,
  type NamedAttachments,
} from "./attachment.ts";
import { buildArtifact, type LayerPlan, modelArtifactType, type PackedFile } from "./model-pack.ts";
import { digestOf } from "./index-document.ts";
import { openStore } from "./open-store.ts";
import { parseReference } from "./reference.ts";
import type { RegistrySettings } from "./registry.ts";
import { goesOn } from "./retry.ts";
import type { Store } from "./store.ts";

export interface PushOptions extends Omit<RegistrySettings, "push"> {
  /** One layer for each stored entry, so that a changed handler does not send the weights again. */
  readonly unpacked?: boolean;
  /** What to hang on it; `ARCHIVE.sig`, `ARCHIVE.att` and `ARCHIVE.cdx.json` as far as they are there. */
  readonly attachments?: NamedAttachments;
  readonly onBytes?: (done: number, total: number) => void;
}

export interface Pushed {
  readonly reference: string;
  /** Digest of the manifest. */
  readonly digest: string;
  /** Of the file; lower-case hex. */
  readonly sha256: string;
  readonly layers: number;
  /** Bytes sent. */
  readonly sent: number;
  /** Bytes that were there already, in this repository or in another one. */
  readonly skipped: number;
  /** Digest of the signature's manifest, or null. */
  readonly signature: string | null;
  /** Digest of the attestation's manifest, or null. */
  readonly attestation: string | null;
  /** Digest of the manifest of the bill of materials, or null. */
  readonly bom: string | null;
}

/** Layers sent at the same time. */
const lanes = 3;

interface Blob {
  readonly digest: string;
  readonly source: ByteSource;
}

/** Pushes an archive or a model file as a ModelPack artifact. Throws ArchiverError. */
export async function push(location: string, target: string, options: PushOptions): Promise<Pushed> {
  const reference = parseReference(target);
  if (reference.name.startsWith("sha256:")) throw new ArchiverError("usage", `${target}: push needs a tag`);
  if ((await stat(location).catch(() => null))?.isDirectory() === true) {
    throw new ArchiverError("not-a-file", `${location} is a folder; pack it with model-archiver archive first.`);
  }
  // When one blob fails for good the others stop, too.
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const store = openStore(reference, { ...options, signal, push: true });
  const file = await openFile(location);
  try {
    const { packed, plans, blobs } = await planOf(location, file, options);
    const attachments = await attachmentsOf(location, packed.sha256, options.attachments ?? {});
    const { manifest, config } = buildArtifact(packed, plans);
    const all = [...blobs, { digest: config.digest, source: memorySource(config.bytes) }];
    const { sent, skipped } = await sendBlobs(store, all, options, stop);
    await store.putManifest(reference.name, manifest, { artifactType: modelArtifactType, subject: null });
    const hung: Record<AttachmentKind, string | null> = { signature: null, attestation: null, bom: null };
    for (const one of attachments) hung[one.kind] = await hang(store, one, basename(location), manifest);
    const { sha256 } = packed;
    return { reference: target, digest: manifest.digest, sha256, layers: plans.length, sent, skipped, ...hung };
  } catch (error) {
    throw goesOn(error);
  } finally {
    await file.close();
  }
}

interface Plan {
  readonly packed: PackedFile;
  readonly plans: readonly LayerPlan[];
  readonly blobs: readonly Blob[];
}

async function planOf(location: string, file: FileSource, { unpacked, signal }: PushOptions): Promise<Plan> {
  const content = await readContent(location, { ignoredPaths: [], signal });
  const sha256 = content.resources[0]?.digest ?? "";
  const manifestSha256 = content.entries.find(({ name }) => name === manifestPath)?.digest ?? null;
  const packed = { name: content.name, sha256, size: file.size, manifestSha256, ...(await about(location)) };
  if (unpacked !== true) {
    const plan = { path: content.name, sha256, size: file.size };
    return { packed, plans: [plan], blobs: [{ digest: `sha256:${sha256}`, source: file }] };
  }
  const zip = await readZip(file);
  if (zip.entries.length === 0 || zip.anomalies.length > 0 || content.damaged.length > 0) {
    throw new ArchiverError("bad-archive", `${location} cannot be pushed --unpacked: it is no sound ZIP.`);
  }
  const known = new Map(content.entries.map(({ name, digest }) => [name, digest]));
  const layers: { readonly plan: LayerPlan; readonly source: ByteSource }[] = [];
  for (const { path, dataOffset, packedSize, method, kind } of zip.entries) {
    const digest = known.get(path);
    if (kind !== "file" || method !== "stored" || packedSize === 0 || dataOffset === null || !digest) continue;
    const plan = { path, sha256: digest, size: packedSize, place: dataOffset };
    layers.push({ plan, source: slice(file, dataOffset, packedSize) });
  }
  const rest = await remainder(
    file,
    layers.map(({ plan }) => plan),
  );
  const remainderPlan: LayerPlan = { path: `${content.name}.remainder`, ...rest.digest, place: "remainder" };
  return {
    packed,
    plans: [...layers.map(({ plan }) => plan), remainderPlan],
    blobs: [
      ...layers.map(({ plan, source }) => ({ digest: `sha256:${plan.sha256}`, source })),
      { digest: `sha256:${rest.digest.sha256}`, source: rest.source },
    ],
  };
}

/** The bytes between the layers: headers, deflated entries, directory. */
async function remainder(
  file: FileSource,
  plans: readonly LayerPlan[],
): Promise<{ readonly digest: { readonly sha256: string; readonly size: number }; readonly source: ByteSource }> {
  const gaps: ByteSource[] = [];
  let at = 0;
  for (const { place, size } of plans.toSorted((a, b) => Number(a.place) - Number(b.place))) {
    gaps.push(slice(file, at, Number(place) - at));
    at = Number(place) + size;
  }
  gaps.push(slice(file, at, file.size - at));
  const source = joined(gaps);
  const hash = createHash("sha256");
  for (let done = 0; done < source.size; done += 1 << 20) {
    hash.update(await source.read(done, Math.min(1 << 20, source.size - done)));
  }
  return { digest: { sha256: hash.digest("hex"), size: source.size }, source };
}

function joined(parts: readonly ByteSource[]): ByteSource {
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  return {
    size,
    position: null,
    async read(offset, length) {
      const found: Uint8Array[] = [];
      let start = 0;
      for (const part of parts) {
        const from = Math.max(offset, start);
        const to = Math.min(offset + length, start + part.size);
        if (from < to) found.push(await part.read(from - start, to - from));
        start += part.size;
      }
      return Buffer.concat(found);
    },
  };
}

async function about(location: string): Promise<Pick<PackedFile, "modelName" | "modelVersion" | "modelFormat">> {
  const archive = await openArchive(location);
  try {
    const { manifest, model } = await inspect(archive);
    const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
    return {
      modelName: text(manifest?.model.modelName),
      modelVersion: text(manifest?.model.modelVersion),
      modelFormat: model?.format ?? null,
    };
  } finally {
    await archive.close();
  }
}

async function sendBlobs(
  store: Store,
  all: readonly Blob[],
  { onBytes }: PushOptions,
  stop: AbortController,
): Promise<{ readonly sent: number; readonly skipped: number }> {
  const blobs = [...new Map(all.map((blob) => [blob.digest, blob])).values()];
  const total = blobs.reduce((sum, { source }) => sum + source.size, 0);
  let sent = 0;
  let skipped = 0;
  let done = 0;
  let next = 0;
  const moved = (count: number): void => onBytes?.((done += count), total);
  const lane = async (): Promise<void> => {
    for (let at = next++; at < blobs.length; at = next++) {
      const blob = blobs[at];
      if (blob === undefined) return;
      if (await store.hasBlob(blob.digest)) {
        skipped += blob.source.size;
        moved(blob.source.size);
      } else {
        const how = await store.putBlob(blob.digest, blob.source, moved);
        if (how === "sent") sent += blob.source.size;
        else {
          skipped += blob.source.size;
          moved(blob.source.size);
        }
      }
    }
  };
  const running = Array.from({ length: lanes }, lane);
  try {
    await Promise.all(running);
  } catch (error) {
    stop.abort();
    await Promise.allSettled(running);
    throw error;
  }
  return { sent, skipped };
}

async function hang(
  store: Store,
  attachment: Attachment,
  fileName: string,
  subject: ReturnType<typeof buildArtifact>["manifest"],
): Promise<string> {
  const { manifest, meaning } = buildReferrer(attachment, fileName, subject);
  for (const bytes of [attachment.bytes, emptyConfig]) {
    const digest = digestOf(bytes);
    if (!(await store.hasBlob(digest))) await store.putBlob(digest, memorySource(bytes), () => undefined);
  }
  await store.putManifest(manifest.digest, manifest, meaning);
  return manifest.digest;
}
