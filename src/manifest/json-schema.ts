import { type Field, modelFields, topFields } from "./fields.ts";

/** The published JSON Schema (draft 2020-12) of the manifest, from the same table as types and validation. */
export function manifestSchema(): object {
  const { createdOn, runtime, archiverVersion } = properties(topFields);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: "https://unpkg.com/model-archiver/schema/manifest.schema.json",
    title: "MAR-INF/MANIFEST.json",
    description: "Manifest of a TorchServe model archive, with model-archiver's additions. Unknown keys are allowed.",
    type: "object",
    required: ["model"],
    properties: {
      createdOn,
      runtime,
      model: { type: "object", required: required(modelFields), properties: properties(modelFields) },
      archiverVersion,
      modelArchiver: additions,
    },
  };
}

const digest = { type: "string", pattern: "^[0-9a-f]{64}$" };

const additions = {
  type: "object",
  description: "What model-archiver adds; TorchServe ignores it.",
  required: ["schemaVersion", "tool", "version"],
  properties: {
    schemaVersion: { type: "integer", minimum: 1 },
    tool: { type: "string" },
    version: { type: "string" },
    integrity: {
      type: "object",
      required: ["algorithm", "root", "entries"],
      properties: {
        algorithm: { const: "sha256" },
        root: {
          ...digest,
          description:
            "SHA-256 of the lines `sha256 size path\\n` of all entries but the manifest, by the path's UTF-8 bytes.",
        },
        entries: {
          type: "object",
          additionalProperties: {
            type: "object",
            required: ["size", "sha256"],
            properties: { size: { type: "integer", minimum: 0 }, sha256: digest },
          },
        },
      },
    },
  },
};

function properties(fields: Readonly<Record<string, Field>>): Record<string, object> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, field]) => [
      key,
      {
        type: field.type,
        description: field.description,
        ...(field.values ? { enum: field.values } : {}),
        ...(field.pattern ? { pattern: field.pattern } : {}),
      },
    ]),
  );
}

function required(fields: Readonly<Record<string, Field>>): string[] {
  return Object.entries(fields).flatMap(([key, field]) => (field.required ? [key] : []));
}
