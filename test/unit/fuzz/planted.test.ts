import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { targets } from "../../fuzz/targets.ts";

const root = resolve(import.meta.dirname, "../../..");
const findings = mkdtempSync(join(tmpdir(), "planted-"));
afterAll(() => rmSync(findings, { recursive: true, force: true }));

// A fuzzer that finds nothing proves little unless it finds what is there.
test.each(targets.map(({ name }) => name))("the fuzzer finds the bug planted into the reader of %s", (name) => {
  const options = ["--plant", "--target", name, "--seconds", "40", "--seed", "1", "--findings", findings];
  const { status, stdout } = spawnSync(process.execPath, ["scripts/fuzz.js", ...options], {
    cwd: root,
    encoding: "utf8",
  });
  expect(stdout).toContain(" 1 findings");
  expect(status).toBe(1);
  expect(readdirSync(findings).some((file) => file.startsWith(`${name}-`))).toBe(true);
});
