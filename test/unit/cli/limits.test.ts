import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { archive } from "../../../src/index.ts";
import { parseLimits } from "../../../src/cli/limit-flags.ts";
import { runMain } from "../../support/run-main.ts";

let folder = "";
let path = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "limits-"));
  writeFileSync(join(folder, "zeros.txt"), Buffer.alloc(300 << 20));
  const recipe = { modelName: "m", version: "1.0", handler: "base_handler", extraFiles: [join(folder, "zeros.txt")] };
  ({ path } = await archive({ ...recipe, exportPath: folder }, {}));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("sizes take K, M, G and T; unknown names are refused", () => {
  expect(parseLimits(["unpacked=200G", "entries=100000"])).toEqual({ unpackedBytes: 200 * 2 ** 30, entries: 100_000 });
  expect(() => parseLimits(["colour=1"])).toThrow(/no limit that we know/);
  expect(() => parseLimits(["entries=many"])).toThrow(/no limit that we know/);
});

test("extract stops at a limit, and goes on when it is raised", async () => {
  const low = await runMain(["extract", path, "-o", join(folder, "a"), "--limit", "unpacked=1M", "--json"]);
  expect(low.exitCode).not.toBe(0);
  const high = await runMain([
    "extract",
    path,
    "-o",
    join(folder, "b"),
    "--limit",
    "ratio=100000",
    "--limit",
    "bomb=1G",
    "--json",
  ]);
  expect(high.exitCode, high.stdout + high.stderr).toBe(0);
});
