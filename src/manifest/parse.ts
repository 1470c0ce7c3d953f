import { additionsVersion } from "./build.ts";
import { type Field, createdOnPattern, modelFields, topFields } from "./fields.ts";
import { readIntegrity } from "./read-integrity.ts";
import { pointerStep } from "./json-scan.ts";
import type { Additions, Manifest, ManifestIssue, ManifestReading } from "./manifest.ts";
import { readStrictJson } from "./strict-json.ts";
import { parseCreatedOn } from "./created-on.ts";

export interface ParseOptions {
  /** Bytes; larger manifests are not read. 1 MiB unless told. */
  readonly byteLimit?: number;
}

const mebibyte = 1 << 20;
const entriesPointer = "/modelArchiver/integrity/entries/";

/** 1 MiB, and 1 KiB for each entry that a manifest with digests must list. */
export function manifestByteLimit(entryCount: number): number {
  return mebibyte + 1024 * entryCount;
}

/**
 * Reads the bytes of `MAR-INF/MANIFEST.json` (bytes, so that a byte order mark is seen) and reports every issue. Never
 * throws; unknown keys are kept. Give `byteLimit: manifestByteLimit(archive.entries.length)` for an opened archive.
 */
export function parseManifest(bytes: Uint8Array, options: ParseOptions = {}): ManifestReading {
  const { value, issues: syntax } = readStrictJson(bytes, options.byteLimit ?? mebibyte);
  if (value === undefined) return { manifest: null, issues: syntax };
  // The keys of `entries` are paths, which are kept in an object without a prototype: any name is harmless there.
  const issues = syntax.filter((each) => each.rule !== "dangerous-key" || !each.pointer.startsWith(entriesPointer));
  if (!isObject(value)) {
    issues.push({ rule: "type", pointer: "", message: `is ${typeName(value)}, not an object`, severity: "error" });
    return { manifest: null, issues };
  }
  return { manifest: read(value, issues), issues };
}

function read(value: Record<string, unknown>, issues: ManifestIssue[]): Manifest {
  const { createdOn, runtime, model, archiverVersion, modelArchiver, ...unknown } = value;
  const date = readField(topFields.createdOn, createdOn, "/createdOn", issues);
  if (date !== undefined && (!createdOnPattern.test(date) || parseCreatedOn(date) === null)) {
    issues.push({
      rule: "value",
      pointer: "/createdOn",
      message: `${JSON.stringify(date)} is no date of the form dd/mm/YYYY HH:MM:SS`,
      severity: "warning",
    });
  }
  const version = readField(topFields.archiverVersion, archiverVersion, "/archiverVersion", issues);
  const additions = modelArchiver === undefined ? undefined : readAdditions(modelArchiver, issues);
  return {
    ...unknown,
    ...(date === undefined ? {} : { createdOn: date }),
    // TorchServe's own default.
    runtime: readField(topFields.runtime, runtime, "/runtime", issues) ?? "python",
    model: readModel(model, issues),
    ...(version === undefined ? {} : { archiverVersion: version }),
    ...(additions === undefined ? {} : { modelArchiver: additions }),
  };
}

function readModel(value: unknown, issues: ManifestIssue[]): Manifest["model"] {
  if (!isObject(value)) {
    const message =
      value === undefined
        ? 'missing; TorchServe answers "Missing Model entry in manifest file."'
        : `is ${typeName(value)}, not an object`;
    issues.push({ rule: value === undefined ? "missing" : "type", pointer: "/model", message, severity: "error" });
    return { modelName: "", handler: "" };
  }
  const model: Record<string, unknown> = { ...value };
  for (const [key, field] of Object.entries(modelFields)) {
    const text = readField(field, value[key], `/model${pointerStep(key)}`, issues);
    if (text === undefined) delete model[key];
    else model[key] = text;
  }
  const text = (key: string): string => (typeof model[key] === "string" ? model[key] : "");
  return { ...model, modelName: text("modelName"), handler: text("handler") };
}

function readField(field: Field, value: unknown, pointer: string, issues: ManifestIssue[]): string | undefined {
  if (value === undefined || (value === null && !field.required)) {
    if (field.required)
      issues.push({ rule: "missing", pointer, message: field.missing ?? "missing", severity: "error" });
    return undefined;
  }
  if (typeof value === "number" && field.numberIsWarning) {
    const message = `is a number; TorchServe reads it as ${JSON.stringify(String(value))}`;
    issues.push({ rule: "type", pointer, message, severity: "warning" });
    return String(value);
  }
  if (typeof value !== "string") {
    issues.push({ rule: "type", pointer, message: `is ${typeName(value)}, not a string`, severity: "error" });
    return undefined;
  }
  if (field.values && !field.values.includes(value)) {
    const message = `${JSON.stringify(value)} is none of ${field.values.join(", ")}`;
    issues.push({ rule: "value", pointer, message, severity: "error" });
  }
  if (field.file) checkPath(value, pointer, issues);
  return value;
}

/** The worker joins these to the model's folder: a path must stay inside. */
function checkPath(value: string, pointer: string, issues: ManifestIssue[]): void {
  const outside = value.startsWith("/") || /^[A-Za-z]:/.test(value) || value.split(/[/\\]/).includes("..");
  // eslint-disable-next-line no-control-regex
  const unprintable = /[\u0000-\u001f\u007f]/.test(value);
  if (!outside && !unprintable) return;
  const message = `${JSON.stringify(value)} ${outside ? "leads outside of the archive" : "has control characters"}`;
  issues.push({ rule: "path", pointer, message, severity: "error" });
}

function readAdditions(value: unknown, issues: ManifestIssue[]): Additions | undefined {
  const pointer = "/modelArchiver";
  if (!isObject(value)) {
    issues.push({ rule: "type", pointer, message: `is ${typeName(value)}, not an object`, severity: "warning" });
    return undefined;
  }
  const { schemaVersion, tool, version, integrity, ...unknown } = value;
  const known = typeof schemaVersion === "number" && Number.isSafeInteger(schemaVersion) && schemaVersion > 0;
  if (!known) {
    issues.push({
      rule: "type",
      pointer: `${pointer}/schemaVersion`,
      message: "is no positive integer",
      severity: "warning",
    });
  } else if (schemaVersion > additionsVersion) {
    issues.push({
      rule: "newer",
      pointer: `${pointer}/schemaVersion`,
      message: `${schemaVersion} is newer than ${additionsVersion}, which this version knows; what is new is not read`,
      severity: "warning",
    });
  }
  const digests = integrity === undefined ? undefined : readIntegrity(integrity, issues);
  return {
    ...unknown,
    schemaVersion: known ? schemaVersion : 0,
    tool: typeof tool === "string" ? tool : "",
    version: typeof version === "string" ? version : "",
    ...(digests === undefined ? {} : { integrity: digests }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
