import { z } from "zod";
import { archiveFormats } from "../pack/recipe.ts";

// The shape of `archive --json`; the published JSON Schema is generated from here. Packing never loads this module.

const bytes = z.int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const entry = z.strictObject({
  path: z.string(),
  from: z.string().nullable().describe("Where it came from; null for the manifest and a bill of materials."),
  size: bytes,
  packedSize: bytes.nullable().describe("Null when nothing was written."),
  method: z.enum(["stored", "deflated"]).nullable(),
  sha256: sha256.nullable(),
});

/** The document of `archive --json`. */
export const archiveDocument = z.strictObject({
  schemaVersion: z.literal(1),
  path: z.string().describe("Absolute path of the file or folder."),
  format: z.enum(archiveFormats),
  written: z.boolean().describe("False for --dry-run."),
  size: bytes.nullable().describe("Bytes of the output."),
  entries: z.array(entry).describe("In the order of the archive, the manifest last."),
  manifest: z.record(z.string(), z.unknown()).describe("See manifest.schema.json."),
  integrityRoot: sha256.nullable(),
  signature: z.string().nullable().describe("With --sign: the signature's file."),
  leftOut: z.array(z.strictObject({ from: z.string(), reason: z.string() })),
  warnings: z.array(z.string()),
  milliseconds: z.int().nonnegative(),
  verification: z
    .unknown()
    .describe("With --verify: the document of verify --json, see verify.schema.json; else null."),
});
