import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { lacksPython, python } from "./python.ts";

const lacking = lacksPython("onnxruntime", "numpy", "PIL");

test.skipIf(lacking)(`the ONNX handlers in Python ${lacking ?? ""}`, () => {
  const { status, stderr } = spawnSync(python, ["-m", "unittest", "discover", "-s", "test/handlers"], {
    encoding: "utf8",
  });
  expect(stderr).toMatch(/Ran \d+ tests.*\n\nOK\n/s);
  expect(status).toBe(0);
});
