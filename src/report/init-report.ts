import type { ChalkInstance } from "chalk";
import type { Initialised } from "../init/init-spec.ts";
import { specFile } from "../spec/find-spec.ts";
import { columns, printable, wrap } from "./text.ts";

/** What was guessed, why, and what to look at. */
export function renderInit(
  { path, written, guesses, notes }: Initialised,
  chalk: ChalkInstance,
  width: number,
): string {
  const rows = guesses.map(({ key, value, reason }, i) => [
    guesses[i - 1]?.key === key ? "" : key,
    printable(value),
    printable(reason),
  ]);
  const doubts = notes.flatMap((note) =>
    wrap(printable(note), Math.max(width - 8, 20)).map(
      (line, i) => `  ${i === 0 ? chalk.yellow("note") : "    "}  ${line}`,
    ),
  );
  const lines = [
    `${chalk.bold(printable(path))}${written ? "" : "   would be written"}`,
    "",
    ...columns(rows).map((row) => `  ${row}`),
    ...(doubts.length > 0 ? ["", ...doubts] : []),
    ...(written ? ["", `Next: ${next(path)}`] : []),
  ];
  return `${lines.join("\n")}\n`;
}

function next(path: string): string {
  return `model-archiver archive ${path === specFile ? "" : `--spec ${printable(path)} `}--verify`;
}
