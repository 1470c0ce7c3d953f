import { z } from "zod";

/** Limits with what was measured; for the schemas of bench and verify. */
export const sloLimits = z.array(
  z.strictObject({
    metric: z.string(),
    limit: z.number(),
    unit: z.enum(["ms", "1/s", "B"]),
    measured: z.number().nullable(),
    answer: z.enum(["ok", "over", "not proven"]),
    reason: z.string().nullable(),
  }),
);
