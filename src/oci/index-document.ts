import { createHash } from "node:crypto";
import { digestPattern } from "./reference.ts";
import { type Descriptor, indexType, type StoredManifest } from "./store.ts";

/** An image index over these manifests, in the order given. */
export function buildIndex(manifests: readonly Descriptor[]): StoredManifest {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests }));
  return { bytes, digest: digestOf(bytes), mediaType: indexType };
}

/** The descriptors of an index; what cannot be read is left out. */
export function readIndex(bytes: Uint8Array): readonly Descriptor[] {
  return readDescriptors(readJson(bytes)["manifests"]);
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The object that these bytes are in JSON; empty for anything else. */
export function readJson(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return record(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch {
    return {};
  }
}

export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

export function readDescriptors(value: unknown): readonly Descriptor[] {
  return Array.isArray(value) ? value.map(readDescriptor).filter((one) => one !== null) : [];
}

export function readDescriptor(value: unknown): Descriptor | null {
  const { mediaType, digest, size, artifactType, annotations } = record(value);
  if (typeof mediaType !== "string" || typeof digest !== "string" || !digestPattern.test(digest)) return null;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return null;
  const texts = Object.entries(record(annotations)).filter(
    (pair): pair is [string, string] => typeof pair[1] === "string",
  );
  return {
    mediaType,
    digest,
    size,
    ...(typeof artifactType === "string" ? { artifactType } : {}),
    annotations: Object.fromEntries(texts),
  };
}
