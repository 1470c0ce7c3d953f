import { z } from "zod";
import { signatureSchema } from "../model/signature-schema.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();

const entry = z.strictObject({
  path: z.string(),
  kind: z.enum(["file", "directory", "link", "special"]),
  size: count.describe("Bytes when unpacked."),
  packedSize: count.describe("Bytes in the container."),
  method: z.enum(["stored", "deflated", "unsupported"]),
  mode: z.string().nullable().describe("POSIX permission bits, octal."),
  sha256: sha256.nullable().describe("Computed with --digests, else what the manifest declares."),
});

/** The shape of `inspect --json` (Inspection); the published JSON Schema is generated from here. Running never loads it. */
export const inspectionDocument = z.strictObject({
  schemaVersion: z.literal(1),
  path: z.string(),
  container: z.enum(["zip", "tar", "tar.gz", "directory", "bare"]),
  size: count.describe("Bytes."),
  manifest: z.record(z.string(), z.unknown()).nullable().describe("See manifest.schema.json."),
  manifestIssues: z.array(
    z.strictObject({
      rule: z.string(),
      pointer: z.string(),
      message: z.string(),
      severity: z.enum(["error", "warning"]),
    }),
  ),
  handler: z.strictObject({ name: z.string(), builtIn: z.boolean(), file: z.string().nullable() }).nullable(),
  labels: z.strictObject({ file: z.string(), count, first: z.array(z.string()) }).nullable(),
  model: z.strictObject({ file: z.string(), format: z.string(), signature: signatureSchema.nullable() }).nullable(),
  integrityRoot: sha256.nullable(),
  entries: z.array(entry),
  anomalies: z.array(z.strictObject({ rule: z.string(), message: z.string(), at: z.string().nullable() })),
});
