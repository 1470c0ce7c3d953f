import { describe, expect, test } from "vitest";
import { normalizeArgv } from "../../../src/cli/argv.ts";

const need = ["--model-name", "m", "--handler", "h", "-v", "1"];
const needed = ["--model-name=m", "--handler=h", "--version=1"];

const mistakes = (argv: readonly string[]): string => {
  try {
    normalizeArgv(argv);
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
  return "none";
};

describe("normalizeArgv", () => {
  test.each([
    [[]],
    [["--version"]],
    [["-V"]],
    [["--help"]],
    [["verify", "--version", "x"]],
    [["inspect", "-v"]],
    [["--bogus"]],
  ])("leaves %j alone", (argv) => expect(normalizeArgv(argv)).toEqual(argv));

  test.each<[readonly string[], readonly string[]]>([
    [need, needed],
    [["archive", ...need], needed],
    [
      ["-v", "1.0", "--model-name", "m", "--handler", "h"],
      ["--version=1.0", "--model-name=m", "--handler=h"],
    ],
    [
      ["--version", "1.0", "--model-name=m", "--handler="],
      ["--version=1.0", "--model-name=m", "--handler="],
    ],
    [
      ["--version=1", "--model-n", "m", "--ha=h"],
      ["--version=1", "--model-name=m", "--handler=h"],
    ],
    [
      ["--ver", "1", "--model-n", "m", "--ha=h"],
      ["--version=1", "--model-name=m", "--handler=h"],
    ],
    [
      ["-v1", "--model-name", "m", "--handler", "h"],
      ["--version=1", "--model-name=m", "--handler=h"],
    ],
    [
      ["-v=1", "--model-name", "m", "--handler", "h"],
      ["--version=1", "--model-name=m", "--handler=h"],
    ],
    [
      ["-fv1", "--model-name", "m", "--handler", "h"],
      ["--force", "--version=1", "--model-name=m", "--handler=h"],
    ],
    [
      [...need, "-v", "-1"],
      ["--model-name=m", "--handler=h", "--version=-1"],
    ],
    [[...need, "-v", "-x y"].slice(0, 6), needed],
    [
      [...need, "-v", "-"],
      ["--model-name=m", "--handler=h", "--version=-"],
    ],
    [
      [...need, "--handler", "h2"],
      ["--model-name=m", "--handler=h2", "--version=1"],
    ],
    [
      [...need, "--extra-files", "a", "--extra-f=b,c"],
      [...needed, "--extra-files=a", "--extra-files=b,c"],
    ],
    [
      [...need, "--verify", "--dry", "--js", "--f"],
      [...needed, "--verify", "--dry-run", "--json", "--force"],
    ],
    [["archive", "--from", "old.mar"], ["--from=old.mar"]],
    [["archive", ...need, "--help", "--bogus"], ["--help"]],
  ])("%j", (argv, expected) => expect(normalizeArgv(argv)).toEqual(["archive", ...expected]));

  test.each<[readonly string[], string]>([
    [["archive"], "the following arguments are required: --model-name, --handler, -v/--version"],
    [
      ["archive", ...need, "--model", "x"],
      "ambiguous option: --model could match --model-name, --model-file\nunrecognized arguments: x",
    ],
    [
      ["archive", ...need, "--h", "x"],
      "ambiguous option: --h could match --handler, --help\nunrecognized arguments: x",
    ],
    [
      [...need, "--runtime", "python2"],
      "argument --runtime: invalid choice: 'python2' (choose from 'python', 'python3', 'LSP')",
    ],
    [[...need, "--bogus", "x", "-q", "--", "-v"], "unrecognized arguments: --bogus x -q -v"],
    [[...need, "--serialized-file", "--force"], "argument --serialized-file: expected one argument"],
    [[...need, "--force=1"], "argument -f/--force: takes no value, got '1'"],
    [
      ["--model-name", "m", "--handler"],
      "argument --handler: expected one argument\nthe following arguments are required: -v/--version",
    ],
  ])("all mistakes of %j", (argv, message) => expect(mistakes(argv)).toBe(message));
});
