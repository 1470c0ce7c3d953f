import { z } from "zod";

const count = z.int().nonnegative();

/** The shape of a ValueInfo in every `--json` document. */
export const valueInfoSchema = z.strictObject({
  name: z.string(),
  dtype: z.string(),
  shape: z
    .array(z.union([z.int(), z.string(), z.null()]))
    .nullable()
    .describe("A dimension is fixed, named, or unknown; null: rank unknown."),
});

/** The shape of a Signature in every `--json` document. */
export const signatureSchema = z.strictObject({
  inputs: z.array(valueInfoSchema),
  outputs: z.array(valueInfoSchema),
  operators: z.record(z.string(), count).describe("Uses of each operator."),
  parameters: count.nullable(),
  facts: z.record(z.string(), z.string()).describe("Opset, IR version, producer, file version, …"),
  externalData: z.array(z.string()),
});
