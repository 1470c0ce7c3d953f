import { z } from "zod";

const count = z.int().nonnegative();
const values = z.array(
  z.strictObject({ name: z.string(), before: z.string().nullable(), after: z.string().nullable() }),
);

const tensor = z
  .strictObject({
    name: z.string(),
    dtype: z.string(),
    shape: z.array(z.int()),
    strides: z.array(z.int()).nullable().describe("In elements; null for the usual order."),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .describe("Of the elements as they are stored."),
  })
  .nullable();

const outputType = z.strictObject({ dtype: z.string(), shape: z.array(count) }).nullable();

/** The shape of `diff --json`; running never loads it. */
export const diffDocument = z.strictObject({
  schemaVersion: z.literal(1),
  before: z.string(),
  after: z.string(),
  same: z.boolean(),
  manifest: values.describe("By JSON pointer."),
  entries: z.array(
    z.strictObject({
      path: z.string(),
      change: z.enum(["added", "removed", "changed"]),
      sizeBefore: count.nullable(),
      sizeAfter: count.nullable(),
    }),
  ),
  unchanged: count.describe("Entries with the same bytes."),
  model: values,
  operators: values,
  tensors: z.strictObject({
    changed: z.array(
      z.strictObject({
        path: z.string(),
        name: z.string(),
        change: z.enum(["added", "removed", "changed", "renamed"]),
        before: tensor,
        after: tensor,
      }),
    ),
    unchanged: count.describe("In files that differ."),
    notCompared: z.array(z.strictObject({ path: z.string(), reason: z.string() })),
  }),
  numeric: z
    .discriminatedUnion("stage", [
      z.strictObject({ stage: z.literal("skipped"), at: z.enum(["before", "after"]), reason: z.string() }),
      z.strictObject({
        stage: z.literal("done"),
        engine: z.string(),
        inputs: z.array(z.string()),
        outputs: z.array(
          z.strictObject({
            name: z.string(),
            before: outputType,
            after: outputType,
            difference: z
              .union([z.number(), z.literal("Infinity")])
              .nullable()
              .describe("Largest, absolute."),
            magnitude: z.number().nullable().describe("The largest before."),
            top: z
              .strictObject({ rows: count, same: count })
              .nullable()
              .describe("Rows whose largest value is at the same place."),
          }),
        ),
      }),
    ])
    .optional()
    .describe("With --numeric: both models on the same input."),
  texts: z.array(
    z.strictObject({
      path: z.string(),
      pathBefore: z.string().describe("Handler, requirements and configuration may have had another name."),
      hunks: z.array(z.strictObject({ lineBefore: count, lineAfter: count, lines: z.array(z.string()) })),
    }),
  ),
});
