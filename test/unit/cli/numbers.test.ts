import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { countOf, millisecondsOf, numberOf } from "../../../src/cli/numbers.ts";
import { runMain } from "../../support/run-main.ts";

const model = resolve("fixtures/tiny/cnn10_static.onnx");

describe("numbers of the command line", () => {
  test("are what they say, or an error of usage", () => {
    expect(numberOf("--seed", "1e3")).toBe(1000);
    expect(countOf("--batch", "8", 1)).toBe(8);
    expect(millisecondsOf("--timeout", "0.5")).toBe(500);
    for (const text of ["", " ", "x", "-1", "NaN", "Infinity"])
      expect(() => numberOf("--seed", text)).toThrow("--seed");
    for (const text of ["0", "1.5", "2000"]) expect(() => countOf("--batch", text, 1, 1024)).toThrow("from 1 to 1024");
    expect(() => millisecondsOf("--timeout", "0")).toThrow("more than 0");
  });

  test("for ever is as long as a timer can wait", () => {
    expect(millisecondsOf("--timeout", "1e99")).toBeLessThan(2 ** 31);
  });

  test.each([
    [["verify", model, "--timeout", "0"]],
    [["verify", model, "--batch", "0"]],
    [["bench", model, "--threads", "100000"]],
    [["bench", model, "--duration", "0"]],
    [["tune", model, "--max-batch", "0"]],
    [["convert", model, "-o", "none.onnx", "--timeout", "x"]],
  ])("%j is refused", async (argv) => {
    expect(await runMain(argv)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("  usage\n") });
  });
});

test.each([
  ["onnx/malformde", "Did you mean onnx/malformed?"],
  ["onnx", "a whole family is onnx/*"],
])("--ignore %s ignores nothing, and says so", async (rule, said) => {
  const { exitCode, stderr } = await runMain(["verify", model, "--static", "--ignore", rule]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(said);
});
