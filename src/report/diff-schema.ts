import { z } from "zod";

const count = z.int().nonnegative();
const values = z.array(
  z.strictObject({ name: z.string(), before: z.string().nullable(), after: z.string().nullable() }),
);

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
  texts: z.array(
    z.strictObject({
      path: z.string(),
      hunks: z.array(z.strictObject({ lineBefore: count, lineAfter: count, lines: z.array(z.string()) })),
    }),
  ),
});
