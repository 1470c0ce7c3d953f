import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { archive } from "../../../src/index.ts";
import { runMain } from "../../support/run-main.ts";

let folder = "";
let path = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "documents-"));
  const recipe = {
    modelName: "m",
    version: "1.0",
    handler: "base_handler",
    serializedFile: "fixtures/tiny/tiny_traced.pt",
  };
  ({ path } = await archive({ ...recipe, exportPath: folder }, {}));
});
afterAll(() => rmSync(folder, { recursive: true }));

function conforms(schema: string, text: string): void {
  const valid = new Ajv2020({ strict: false }).compile(
    JSON.parse(readFileSync(`schema/${schema}.schema.json`, "utf8")),
  );
  valid(JSON.parse(text));
  expect(valid.errors ?? []).toEqual([]);
}

test.each([
  ["init", () => ["init", "fixtures/efficientnet-lite0", "--dry-run", "--json"], 0],
  ["extract", () => ["extract", path, "-o", join(folder, "unpacked"), "--json"], 0],
  ["convert", () => ["convert", path, "-o", join(folder, "m.onnx"), "--json"], 0],
  ["explain", () => ["explain", "--json"], 0],
  ["error", () => ["inspect", join(folder, "missing.mar"), "--json"], 2],
  ["error", () => ["verify", "--no-such-flag", "--json"], 2],
] as const)("%s --json is what its schema says", async (schema, argv, exitCode) => {
  const run = await runMain(argv());
  expect(run.exitCode, run.stderr).toBe(exitCode);
  conforms(schema, run.stdout);
});
