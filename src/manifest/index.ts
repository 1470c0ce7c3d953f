export { additionsVersion, buildManifest } from "./build.ts";
export type { ManifestInput } from "./build.ts";
export { compareUtf8 } from "./compare.ts";
export { formatCreatedOn, parseCreatedOn } from "./created-on.ts";
export { createdOnPattern, modelNamePattern, runtimes } from "./fields.ts";
export type { Runtime } from "./fields.ts";
export { buildIntegrity, integrityRoot } from "./integrity.ts";
export type { Sha256 } from "./integrity.ts";
export { manifestSchema } from "./json-schema.ts";
export { manifestPath } from "./manifest.ts";
export type {
  Additions,
  EntryDigest,
  Integrity,
  Manifest,
  ManifestIssue,
  ManifestModel,
  ManifestReading,
  ManifestRule,
} from "./manifest.ts";
export { manifestByteLimit, parseManifest } from "./parse.ts";
export type { ParseOptions } from "./parse.ts";
export { serializeJson } from "./serialize.ts";
export { readStrictJson } from "./strict-json.ts";
export type { JsonReading } from "./strict-json.ts";
