import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runMain } from "../support/run-main.ts";
import { lacksProgram, python as testPython } from "./python.ts";

let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "completion-"));
  for (const shell of ["bash", "zsh", "fish", "powershell"]) {
    writeFileSync(join(folder, `script.${shell}`), (await runMain(["completion", shell])).stdout);
  }
  writeFileSync(join(folder, "my model.onnx"), "");
  mkdirSync(join(folder, "store"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const done = "all-is-read";

/** Types a line, Tab by Tab, into a shell at a terminal, and gives the words that the command would get. */
async function typed(shell: string, start: readonly string[], line: string): Promise<string | undefined> {
  const child = spawn("script", ["-qfec", shell, "/dev/null"], { cwd: folder, env: { ...process.env, TERM: "dumb" } });
  let output = "";
  const waiting = new Set<() => void>();
  child.stdout.on("data", (data: Buffer) => {
    output += data.toString();
    for (const look of waiting) look();
  });
  const until = (pattern: RegExp): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!pattern.test(output)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  try {
    child.stdin.write(`${start.join("\n")}\nprintf '%s\\n' ${done.slice(0, 4)}""${done.slice(4)}\n`);
    await until(new RegExp(`${done}\r?\n`));
    child.stdin.write(`model-archiver ${line}\n`);
    await until(/<[^<>%]*>\r?\n/);
    return /<([^<>%]*)>\r?\n/.exec(output)?.[1];
  } finally {
    child.kill("SIGKILL");
  }
}

const echo = "model-archiver() { printf '<%s>\\n' \"$*\"; }";
const bash = lacksProgram("script", "bash");
const zsh = lacksProgram("script", "zsh");
const fish = lacksProgram("fish");

// At a terminal: what readline and zle make of it, blanks, quotes and file names too.
const lines: readonly (readonly [string, string])[] = [
  ["verify-s\t model.mar", "verify-signature model.mar"],
  ["verify --stat\tmy\t", "verify --static my model.onnx"],
  ["config in\t--cp\t4", "config init --cpus 4"],
  ["keygen --curve P-3\t", "keygen --curve P-384"],
  ["extract x.mar --output st\t", "extract x.mar --output store/"],
];

describe.skipIf(bash !== null)(`bash${bash === null ? "" : ` (${bash})`}`, () => {
  test.each(lines)("%j", async (line, expected) => {
    const words = await typed("bash --norc --noprofile -i", [echo, "source script.bash"], line);
    expect(words?.trim()).toBe(expected);
  });
});

describe.skipIf(zsh !== null)(`zsh${zsh === null ? "" : ` (${zsh})`}`, () => {
  const start = [echo, "autoload -U compinit; compinit -u -D", "source script.zsh"];
  test.each(lines)("%j", async (line, expected) => {
    const words = await typed("zsh -f -i", start, line);
    // zsh writes --cpus=4 where bash writes two words, and takes the slash of a folder away at the end.
    expect(words?.trim().replace("=", " ")).toBe(expected.replace(/\/$/, ""));
  });
});

describe.skipIf(fish !== null)(`fish${fish === null ? "" : ` (${fish})`}`, () => {
  const complete = (line: string): readonly string[] =>
    execFileSync("fish", ["--no-config", "-c", "source script.fish; complete -C $argv[1]", `model-archiver ${line}`], {
      cwd: folder,
      encoding: "utf8",
    })
      .split("\n")
      .filter(Boolean)
      .map((row) => row.split("\t")[0] ?? "");

  test.each<[string, readonly string[]]>([
    ["ver", ["verify", "verify-signature"]],
    ["config ", ["check", "init"]],
    ["config init --cp", ["--cpus"]],
    ["init --fo", ["--force"]],
    ["verify --stat", ["--static"]],
    ["verify my", ["my model.onnx"]],
    ["verify --policy my", ["my model.onnx"]],
    ["archive --runtime L", ["LSP"]],
    ["--runtime L", ["LSP"]],
    ["--model-name m --handl", ["--handler"]],
    ["extract x.mar --output s", ["store/"]],
    ["completion po", ["powershell"]],
    ["help key", ["keygen"]],
  ])("%j", (line, expected) => {
    expect(complete(line)).toEqual(expected);
  });
});

const python = process.env["MODEL_ARCHIVER_TEST_SIGNING_PYTHON"] ?? testPython;
const parser = spawnSync(python, ["-c", "import tree_sitter, tree_sitter_powershell"]).status === 0;

test.skipIf(!parser)(`PowerShell's grammar takes it${parser ? "" : " (skipped: needs tree-sitter-powershell)"}`, () => {
  const program = `import sys, tree_sitter, tree_sitter_powershell as powershell
parser = tree_sitter.Parser(tree_sitter.Language(powershell.language()))
read = lambda text: parser.parse(text).root_node.has_error
text = open(sys.argv[1], "rb").read()
print(read(text), read(text.replace(b"param(", b"param((", 1)))`;
  const output = execFileSync(python, ["-c", program, join(folder, "script.powershell")], { encoding: "utf8" });
  expect(output).toBe("False True\n");
});
