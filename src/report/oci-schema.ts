import { z } from "zod";

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const count = z.int().nonnegative();

/** The shape of `push --json`; running never loads it. */
export const pushDocument = z.strictObject({
  schemaVersion: z.literal(1),
  reference: z.string(),
  digest: digest.describe("Of the manifest."),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe("Of the file."),
  layers: count,
  sent: count.describe("Bytes."),
  skipped: count.describe("Bytes that were there already."),
  signature: digest.nullable().describe("Of the signature's manifest."),
  attestation: digest.nullable(),
  bom: digest.nullable(),
});

const findings = z.array(z.strictObject({ rule: z.string(), at: z.string().nullable(), message: z.string() }));

const pulledArchive = z.strictObject({
  schemaVersion: z.literal(1),
  reference: z.string(),
  digest: digest.describe("Of the manifest."),
  file: z.string().nullable().describe("Null when it was refused."),
  size: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  signature: z.string().nullable().describe("Its file."),
  attestation: z.string().nullable(),
  bom: z.string().nullable(),
  refused: z.string().nullable(),
  findings,
});

const pulledFiles = z.strictObject({
  schemaVersion: z.literal(1),
  reference: z.string(),
  digest: digest.describe("Of the manifest."),
  output: z.string().describe("The folder."),
  files: z.array(z.strictObject({ path: z.string(), size: count })),
  refused: z.string().nullable(),
  findings,
});

/** The shape of `pull --json`: of an archive, or with `--include` of some of its files. */
export const pullDocument = z.union([pulledArchive, pulledFiles]);

/** The shape of `sync --json`. */
export const syncDocument = z.strictObject({
  schemaVersion: z.literal(1),
  direction: z.enum(["up", "down"]),
  folder: z.string(),
  reference: z.string(),
  digest: digest.describe("Of the list: this very state of the store."),
  archives: z.array(
    z.strictObject({
      file: z.string(),
      reference: z.string(),
      state: z.enum(["sent", "fetched", "unchanged", "removed", "refused"]),
      size: count,
      reason: z.string().nullable().describe("Why it was refused."),
    }),
  ),
  moved: count.describe("Bytes that went over the network."),
});
