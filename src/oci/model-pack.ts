import { digestOf, readDescriptors, readJson, record } from "./index-document.ts";
import { digestPattern } from "./reference.ts";
import { type Descriptor, manifestType, type StoredManifest } from "./store.ts";

// ModelPack, https://github.com/modelpack/model-spec/blob/v0.0.7/docs/spec.md
export const modelArtifactType = "application/vnd.cncf.model.manifest.v1+json";
const configType = "application/vnd.cncf.model.config.v1+json";
const filePath = "org.cncf.model.filepath";
const fileMetadata = "org.cncf.model.file.metadata+json";
const untestedType = "org.cncf.model.file.mediatype.untested";
const title = "org.opencontainers.image.title";

/** Ours, on the manifest: digest, size and name of the file that the layers make up. */
const wholeDigest = "org.model-archiver.file.digest";
const wholeSize = "org.model-archiver.file.size";
const wholeName = "org.model-archiver.file.name";
/** Ours, on the manifest: digest of the archive's own manifest, which has those of its entries. */
const entriesDigest = "org.model-archiver.manifest.digest";
/** Ours, on a layer: where in the file its bytes lie, or that it has the bytes which no other layer has. */
const layerOffset = "org.model-archiver.layer.offset";
const layerRemainder = "org.model-archiver.layer.remainder";

/** What becomes a layer. */
export interface LayerPlan {
  /** Path that oras, modctl and others write it to. */
  readonly path: string;
  /** Lower-case hex SHA-256. */
  readonly sha256: string;
  readonly size: number;
  /** Of an unpacked archive: the position in the file, or `remainder`. */
  readonly place?: number | "remainder";
}

/** The file that is pushed, and what is known of it. */
export interface PackedFile {
  readonly name: string;
  readonly sha256: string;
  readonly size: number;
  readonly modelName: string | null;
  readonly modelVersion: string | null;
  readonly modelFormat: string | null;
  /** Lower-case hex SHA-256 of `MAR-INF/MANIFEST.json`; null for what is no archive. */
  readonly manifestSha256: string | null;
}

export interface Artifact {
  readonly manifest: StoredManifest;
  readonly config: { readonly bytes: Uint8Array; readonly digest: string };
}

/** Manifest and config. The same file gives the same bytes, whatever the machine: times and owners are constant. */
export function buildArtifact(file: PackedFile, plans: readonly LayerPlan[]): Artifact {
  const config = Buffer.from(
    JSON.stringify({
      descriptor: {
        name: file.modelName ?? file.name,
        ...(file.modelVersion === null ? {} : { version: file.modelVersion }),
      },
      config: file.modelFormat === null ? {} : { format: file.modelFormat },
      modelfs: { type: "layers", diffIds: plans.map(({ sha256 }) => `sha256:${sha256}`) },
    }),
  );
  const configDigest = digestOf(config);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      artifactType: modelArtifactType,
      config: { mediaType: configType, digest: configDigest, size: config.length },
      layers: plans.map(layerOf),
      annotations: {
        [wholeDigest]: `sha256:${file.sha256}`,
        [wholeSize]: String(file.size),
        [wholeName]: file.name,
        ...(file.manifestSha256 === null ? {} : { [entriesDigest]: `sha256:${file.manifestSha256}` }),
        [title]: file.name,
      },
    }),
  );
  return {
    manifest: { bytes: manifest, digest: digestOf(manifest), mediaType: manifestType },
    config: { bytes: config, digest: configDigest },
  };
}

function layerOf({ path, sha256, size, place }: LayerPlan): Descriptor {
  const name = path.split("/").at(-1) ?? path;
  const metadata = { name, mode: 0o644, uid: 0, gid: 0, size, mtime: "1980-01-01T00:00:00Z", typeflag: 0 };
  const ours: Record<string, string> = {};
  if (place === "remainder") ours[layerRemainder] = "true";
  else if (place !== undefined) ours[layerOffset] = String(place);
  return {
    mediaType: `application/vnd.cncf.model.${kindOf(path)}.v1.raw`,
    digest: `sha256:${sha256}`,
    size,
    annotations: {
      [filePath]: path,
      [fileMetadata]: JSON.stringify(metadata),
      [untestedType]: "false",
      [title]: path,
      ...ours,
    },
  };
}

function kindOf(path: string): "weight" | "weight.config" | "doc" | "code" {
  if (/\.(?:py|sh|txt|cfg|toml)$/iu.test(path)) return "code";
  if (/\.(?:json|ya?ml|properties)$/iu.test(path)) return "weight.config";
  if (/\.(?:md|rst)$|(?:^|\/)(?:LICENSE|README)$/iu.test(path)) return "doc";
  return "weight";
}

/** A run of bytes of the file, in one of the blobs. */
export interface Segment {
  /** Position in the file. */
  readonly at: number;
  readonly length: number;
  readonly digest: string;
  /** Position in the blob. */
  readonly from: number;
}

/** What a manifest says the file is made of. */
export interface FilePlan {
  /** As the manifest names it: not to be trusted as a path. */
  readonly name: string | null;
  readonly size: number;
  readonly sha256: string;
  /** Of the archive's own manifest, where the artifact tells. */
  readonly manifestSha256: string | null;
  /** In order, without gaps. */
  readonly segments: readonly Segment[];
}

/** Reads a manifest of ours, or of others who packed one file. A sentence says why there is no file to be had. */
export function readArtifact(bytes: Uint8Array): FilePlan | string {
  const manifest = readJson(bytes);
  const layers = readDescriptors(manifest["layers"]);
  const [only, ...more] = layers;
  if (only === undefined) return "The artifact has no layers.";
  const annotations = record(manifest["annotations"]);
  const digest = annotations[wholeDigest];
  const size = Number(annotations[wholeSize]);
  const manifestSha256 = hexOf(annotations[entriesDigest]);
  const remainder = layers.find((layer) => layer.annotations?.[layerRemainder] === "true");
  if (remainder === undefined) {
    if (more.length > 0) return `The artifact has ${layers.length} files and none of them is the archive.`;
    if (isWrapped(only)) return `The artifact's layer is ${only.mediaType}, not the archive as it is.`;
    const name = only.annotations?.[title] ?? only.annotations?.[filePath] ?? null;
    const segments = only.size === 0 ? [] : [{ at: 0, length: only.size, digest: only.digest, from: 0 }];
    return { name, size: only.size, sha256: only.digest.slice(7), manifestSha256, segments };
  }
  const sha256 = hexOf(digest);
  if (sha256 === null || !Number.isSafeInteger(size)) {
    return "The manifest does not say what the whole file must be.";
  }
  const segments = join(layers, remainder, size);
  if (segments === null) return "The layers do not make up the file.";
  const name = annotations[wholeName];
  return { name: typeof name === "string" ? name : null, size, sha256, manifestSha256, segments };
}

function hexOf(digest: unknown): string | null {
  return typeof digest === "string" && digestPattern.test(digest) ? digest.slice(7) : null;
}

/** Packed once more. oras calls every file a tar layer, and says by an annotation where that is true. */
function isWrapped({ mediaType, annotations }: Descriptor): boolean {
  if (annotations?.["io.deis.oras.content.unpack"] === "true") return true;
  return /[.+](?:gzip|zstd)$/u.test(mediaType) || /^application\/vnd\.cncf\.model\..*\.tar$/u.test(mediaType);
}

function join(layers: readonly Descriptor[], remainder: Descriptor, size: number): readonly Segment[] | null {
  const placed = layers
    .filter((layer) => layer !== remainder)
    .map((layer) => ({ layer, at: Number(layer.annotations?.[layerOffset] ?? Number.NaN) }))
    .toSorted((a, b) => a.at - b.at);
  const segments: Segment[] = [];
  let at = 0;
  let from = 0;
  const gap = (end: number): void => {
    if (end > at) segments.push({ at, length: end - at, digest: remainder.digest, from });
    from += end - at;
    at = end;
  };
  for (const { layer, at: start } of placed) {
    if (!Number.isSafeInteger(start) || start < at) return null;
    gap(start);
    segments.push({ at, length: layer.size, digest: layer.digest, from: 0 });
    at += layer.size;
  }
  if (at > size) return null;
  gap(size);
  return from === remainder.size ? segments : null;
}
