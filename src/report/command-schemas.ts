import { z } from "zod";
import { valueInfoSchema } from "../model/signature-schema.ts";

// The `--json` documents of the small commands, and of every command that fails. Running never loads them.

const version = z.literal(1);
const count = z.int().nonnegative();

/** The shape of `extract --json`. */
export const extractDocument = z.strictObject({
  schemaVersion: version,
  archive: z.string(),
  output: z.string().describe("The folder that was written to."),
  files: z.array(z.strictObject({ path: z.string(), size: count.describe("Bytes.") })),
  refused: z
    .array(z.strictObject({ rule: z.string(), message: z.string(), at: z.string().nullable() }))
    .describe("Why nothing, or nothing further, was written."),
});

/** The shape of `convert --json`. */
export const convertDocument = z.strictObject({
  schemaVersion: version,
  model: z.strictObject({ file: z.string(), format: z.string() }),
  output: z.string(),
  size: count.describe("Bytes of the output."),
  data: z
    .strictObject({ path: z.string(), size: count })
    .nullable()
    .describe("The weights, when they lie in a file of their own."),
  opset: count,
  nodes: count,
  inputs: z.array(valueInfoSchema),
  outputs: z.array(valueInfoSchema),
  check: z.strictObject({ engine: z.string(), largestDifference: z.number() }),
});

/** The shape of `export --json`. */
export const exportDocument = z.strictObject({
  schemaVersion: version,
  to: z.enum(["triton", "kserve", "onnx", "directory"]),
  name: z.string(),
  folder: z.string().nullable().describe("Null when the archive was refused."),
  files: z.array(z.strictObject({ path: z.string(), size: count })),
  check: z
    .strictObject({ engine: z.string(), largestDifference: z.number() })
    .nullable()
    .describe("The ONNX model against the archive's."),
  left: z.array(z.string()).describe("What of the archive does not go along."),
  refused: z.array(z.strictObject({ rule: z.string(), at: z.string().nullable(), message: z.string() })),
});

/** The shape of `explain --json`. */
export const explainDocument = z.strictObject({
  schemaVersion: version,
  checks: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      severity: z.enum(["error", "warning", "note"]),
      why: z.string(),
      remedy: z.string(),
      after: z.array(z.string()).describe("Checks whose failure would make this one noise."),
      needsRun: z.boolean(),
    }),
  ),
});

/** What any command prints with `--json` when it could not do what was asked; exit code 2, or 3 for a bug. */
export const errorDocument = z.strictObject({
  schemaVersion: version,
  error: z.strictObject({ code: z.string(), message: z.string(), remedy: z.string() }),
});
