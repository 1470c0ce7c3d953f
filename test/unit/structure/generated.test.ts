import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generated } from "../../../scripts/generated.ts";

const entries = Object.entries(generated);

test("there are generated files", () => {
  expect(entries.length).toBeGreaterThan(0);
});

test.each(entries)("%s says what the code says (npm run generate)", async (path, text) => {
  expect(readFileSync(path, "utf8")).toBe(await text());
});
