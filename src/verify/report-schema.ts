import { z } from "zod";
import { sloLimits } from "../bench/slo-schema.ts";
import { signatureSchema } from "../model/signature-schema.ts";

// The shape of `verify --json`. Types are inferred from here (report.ts), the published JSON Schema is generated from
// here; running a verify never loads this module.

/** Its type is written out: as inferred, `-Infinity` becomes a key that no declaration file may have. */
const numeral: z.ZodType<number | "NaN" | "Infinity" | "-Infinity"> = z.union([
  z.number(),
  z.enum(["NaN", "Infinity", "-Infinity"]),
]);

const shape = z.array(z.int().nonnegative());

const finding = z.strictObject({
  message: z.string(),
  at: z.string().nullable().describe("entry[:line[:column]], or null for the archive as a whole"),
  remedy: z.string().optional().describe("Fits better than the check's own remedy."),
});

const check = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+\/[a-z0-9-]+$/),
  title: z.string(),
  severity: z.enum(["error", "warning", "note"]),
  status: z.enum(["passed", "failed", "skipped", "n/a"]),
  reason: z.string().optional().describe("Why it was skipped."),
  excepted: z.boolean().optional().describe("Failed, and an exception of the user covers every finding."),
  findings: z.array(finding),
});

const model = z.strictObject({
  file: z.string(),
  format: z.string(),
  signature: signatureSchema.nullable(),
});

const inference = z.strictObject({
  engine: z.string(),
  inputs: z.array(z.strictObject({ name: z.string(), dtype: z.string(), shape, fill: z.string() })),
  outputs: z.array(
    z.strictObject({
      name: z.string(),
      dtype: z.string(),
      shape,
      first: z.array(numeral).max(16),
      min: numeral,
      max: numeral,
      mean: numeral,
      absMax: numeral,
      nonFinite: z.int(),
    }),
  ),
  loadMs: z.number(),
  runMs: z.number(),
  compared: z
    .strictObject({ engine: z.string(), difference: z.number().nullable(), reason: z.string().optional() })
    .optional()
    .describe("with --compare: the same inputs in another engine"),
});

const exception = z.strictObject({
  rule: z.string().describe("A check's id, or `global module.name`."),
  at: z.string().nullable(),
  source: z.string().describe("The option or the policy file it comes from."),
  reason: z.string().nullable(),
  used: z.boolean().nullable().describe("Whether a finding of this archive needed it; null: not told."),
});

const sample = z.strictObject({
  name: z.string().describe("The file, without its folder."),
  preprocessing: z.string(),
  expect: z.string().nullable().describe("The label that must come first."),
  top: z
    .array(z.strictObject({ index: z.int(), label: z.string().nullable(), probability: z.number() }))
    .max(5)
    .describe("The likeliest classes; empty for outputs that are no classes."),
});

const slo = z.strictObject({
  engine: z.string(),
  verdict: z.enum(["ready", "not ready", "not proven"]),
  limits: sloLimits,
  noise: z.array(z.string()).describe("Why the figures cannot be trusted; empty: they can."),
});

const residency = z.strictObject({
  policy: z.string(),
  flows: z.array(
    z.strictObject({
      kind: z.string(),
      file: z.string(),
      line: z.int().nullable(),
      target: z.string().describe("Host, package, module, variable, or what a credential is."),
      provider: z.string().nullable(),
      seat: z.string().nullable().describe("ISO 3166-1 country whose law binds the provider."),
      plainHttp: z.boolean(),
      judgement: z.enum(["allowed", "third-country", "unknown"]),
    }),
  ),
});

/** What was found of one archive. */
export const report = z.strictObject({
  path: z.string(),
  verdict: z.enum(["ready", "not ready", "not proven", "sound"]),
  checks: z.array(check),
  model: model.nullable(),
  inference: inference.nullable(),
  sample: sample.optional().describe("What --sample gave, when it ran."),
  recordedSamples: z.array(sample).optional().describe("What the archive's own samples gave, when they ran."),
  slo: slo.optional().describe("The limits of --slo, measured once everything else was ready."),
  residency: residency.optional().describe("The inventory of data flows, with --residency."),
  exceptions: z.array(exception),
});

const unreadable = z.strictObject({
  path: z.string(),
  verdict: z.null(),
  error: z.strictObject({ code: z.string(), message: z.string(), remedy: z.string() }),
});

export const verifyDocument = z.strictObject({
  schemaVersion: z.literal(1),
  reports: z.array(z.union([report, unreadable])),
});

export type ReportShape = z.infer<typeof report>;
export type UnreadableShape = z.infer<typeof unreadable>;
