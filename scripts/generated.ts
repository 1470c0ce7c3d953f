import { manifestSchema } from "../src/manifest/index.ts";

/**
 * What a table in the code can say: each file with the function that writes its text.
 * `npm run generate` writes them; a test holds each against the code.
 */
export const generated: Readonly<Record<string, () => Promise<string>>> = {
  "schema/manifest.schema.json": async () => json(manifestSchema()),
};

/** A JSON document as it is checked in. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
