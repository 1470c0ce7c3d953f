import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { commands, commandsFor } from "../../../src/cli/commands.ts";
import { processIo } from "../../../src/cli/process-io.ts";
import { runMain } from "../../support/run-main.ts";

const io = processIo();
const all = commands(io);
const rows: readonly (readonly [string, Command])[] = all.flatMap((command) => [
  [command.name(), command] as const,
  ...command.commands.map((inner) => [`${command.name()} ${inner.name()}`, inner] as const),
]);

/** The command lines under "Examples:", each as one line. */
function examplesIn(help: string): readonly string[] {
  const text = (help.split("\nExamples:\n")[1] ?? "").replaceAll(/\\\n\s*/g, "");
  return text.split("\n").filter((line) => /^ {2}[$>] /.test(line));
}

describe.each(rows)("%s --help", (name, command) => {
  test("has two examples, with flags that it knows", async () => {
    const { exitCode, stdout } = await runMain([...name.split(" "), "--help"]);
    expect(exitCode).toBe(0);
    const examples = examplesIn(stdout);
    expect(examples.length).toBeGreaterThanOrEqual(2);
    const known = new Set([command, ...command.commands].flatMap((one) => one.options.map(({ long }) => long)));
    for (const example of examples) {
      const [, line = ""] = new RegExp(`model-archiver ${name.split(" ")[0]}\\b([^|&>#]*)`).exec(example) ?? [];
      expect(example).toContain(`model-archiver ${name}`);
      for (const [flag] of line.matchAll(/(?<= )--[a-z-]+/g)) expect([...known], example).toContain(flag);
    }
  });
});

test("the README's table names every command once", () => {
  const readme = readFileSync("README.md", "utf8");
  const [, table = ""] = /## Commands\n([\s\S]*?)\n\n[^|]/.exec(readme) ?? [];
  const named = [...table.matchAll(/^\| (.*?)\s*\|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([\w-]+)/g)].map(([, name]) => name),
  );
  expect([...new Set(named)].toSorted()).toEqual(all.map((command) => command.name()).toSorted());
  expect(named.filter((name) => name !== "config").length).toBe(new Set(named).size - 1);
});

test("a command line defines its own command alone, unless it tells of all", () => {
  for (const command of all) {
    const names = commandsFor(command.name(), io).map((one) => one.name());
    expect(names).toEqual(command.name() === "completion" ? all.map((one) => one.name()) : [command.name()]);
  }
  for (const first of [undefined, "help", "--help", "verfy", "toString"]) {
    expect(commandsFor(first, io)).toHaveLength(all.length);
  }
});

test("a wrong flag is told with the command whose help lists the right ones", async () => {
  const wrong = await runMain(["config", "init", "m.mar", "--bogus"]);
  expect(wrong).toMatchObject({ exitCode: 2, stdout: "" });
  expect(wrong.stderr).toContain("error: unknown option '--bogus'");
  expect(wrong.stderr).toContain("Run model-archiver config init --help to see its options.");
});

test("choices and defaults stand as they are typed, and nothing for what has none", async () => {
  const { stdout } = await runMain(["bench", "--help"]);
  const text = stdout.replaceAll(/\s+/g, " ");
  expect(text).toContain("(onnxruntime, torch, torchserve; default: onnxruntime)");
  expect(text).toContain("(default: 20)");
  expect(text).not.toMatch(/default: (?:none|"|\[)/);
});
