import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { checks } from "../../../src/checks/registry.ts";
import { commands } from "../../../src/cli/commands.ts";
import { runMain } from "../../support/run-main.ts";
import { processIo } from "../../../src/cli/process-io.ts";

const shells = ["bash", "zsh", "fish", "powershell"] as const;
const script = async (shell: string): Promise<string> => {
  const { stdout, stderr, exitCode } = await runMain(["completion", shell]);
  expect(exitCode, stderr).toBe(0);
  return stdout;
};

describe.each(shells)("the script for %s", (shell) => {
  test("knows every command and every option", async () => {
    const text = await script(shell);
    const all = commands(processIo()).flatMap((command) => [command, ...command.commands]);
    expect(all.length).toBeGreaterThan(15);
    for (const command of all) {
      expect(text).toContain(command.name());
      for (const { long, short } of command.options) {
        expect(text).toContain(shell === "fish" ? `-l ${long?.slice(2)}` : long);
        if (short) expect(text).toContain(shell === "fish" ? `-s ${short.slice(1)}` : short);
      }
    }
  });

  test("knows every check", async () => {
    const words = new Set((await script(shell)).split(/[^a-z0-9/-]+/));
    expect(checks.filter(({ id }) => !words.has(id))).toEqual([]);
  });

  test("runs nothing when it is read but definitions", async () => {
    // Descriptions are data: quotes, backquotes and dollars in them stay inside of single quotes.
    const text = await script(shell);
    expect(text.split("\n").filter((line) => /`|\$\(model-archiver/.test(line) && !line.startsWith("#"))).toEqual([]);
  });
});

test("PowerShell's tables have no key twice: it does not tell upper case from lower", async () => {
  const tables = (await script("powershell")).split(/^ {2}\$(?:commands|values) = @\{$/m).slice(1);
  expect(tables).toHaveLength(2);
  for (const table of tables) {
    const keys = [...(table.split(/^ {2}\}$/m)[0] ?? "").matchAll(/^ {4}'([^']*)' =/gm)].map(([, key = ""]) =>
      key.toLowerCase(),
    );
    expect(keys.length).toBeGreaterThan(15);
    expect(new Set(keys).size).toBe(keys.length);
  }
});

test("an unknown shell is refused", async () => {
  const { exitCode, stderr } = await runMain(["completion", "tcsh"]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain("bash, zsh, fish, powershell");
});

describe("bash's own function", () => {
  const complete = async (...words: readonly string[]): Promise<readonly string[]> => {
    const program = `source <(cat); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _model_archiver; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const argv = ["--norc", "--noprofile", "-c", program, "bash", "model-archiver", ...words];
    return execFileSync("bash", argv, { input: await script("bash"), encoding: "utf8" })
      .split("\n")
      .filter(Boolean);
  };

  test.each<[readonly string[], readonly string[]]>([
    [["ver"], ["verify", "verify-signature"]],
    [
      ["config", ""],
      ["init", "check"],
    ],
    [["config", "init", "--c"], ["--cpus"]],
    [["init", "--f"], ["--force"]],
    [["verify", "--stat"], ["--static"]],
    [
      ["archive", "--runtime", "p"],
      ["python", "python3"],
    ],
    [["archive", "--runtime", "=", "L"], ["LSP"]],
    [
      ["archive", "--runtime", "="],
      ["python", "python3", "LSP"],
    ],
    [["--runtime", "L"], ["LSP"]],
    [["--model-n"], ["--model-name"]],
    [["completion", "f"], ["fish"]],
    [["help", "key"], ["keygen"]],
    [["keygen", "--curve", "P-3"], ["P-384"]],
    [["explain", "handler/miss"], ["handler/missing"]],
    [["verify", "--static", "--ignore", "onnx/ex"], ["onnx/external-data"]],
    [["attest", "--ignore", "onnx/m"], ["onnx/malformed"]],
    // Nothing of ours: readline offers files.
    [["verify", "model"], []],
    [["verify", "--policy", "p"], []],
    [["verify", "$(touch pwned)", "--stat"], ["--static"]],
  ])("%j", async (words, expected) => {
    expect((await complete(...words)).toSorted()).toEqual(expected.toSorted());
  });
});
