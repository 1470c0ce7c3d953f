import { z } from "zod";

/** The document that `init --json` prints. */
export const initDocument = z.strictObject({
  schemaVersion: z.literal(1),
  path: z.string().describe("The spec file."),
  written: z.boolean(),
  guesses: z.array(
    z.strictObject({
      key: z.string().describe("Of the spec; repeated for each item of a list."),
      value: z.string(),
      reason: z.string(),
    }),
  ),
  notes: z.array(z.string()).describe("What a person should look at."),
  text: z.string().describe("What the spec file says."),
});
