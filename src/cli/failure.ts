import { CommanderError } from "commander";
import { ArchiverError } from "../errors.ts";
import { printable } from "../report/text.ts";
import { bugText, reportBugs } from "./bug-text.ts";
import { chalkFor } from "./colour.ts";
import type { Io } from "./io.ts";

const schemaVersion = 1;

/** Prints what stopped the command and gives the exit code: 2 could not, 3 bug, 130 interrupted. */
export function reportFailure(error: unknown, argv: readonly string[], io: Io): number {
  if (error instanceof CommanderError) return reportUsage(error, argv, io);
  if (io.signal.aborted || (error instanceof ArchiverError && error.code === "interrupted")) {
    // A transfer keeps what there is, and says so.
    const kept = error instanceof ArchiverError && error.code === "interrupted" && error.message !== "interrupted";
    const message = kept ? error.message : "interrupted; no half-written file was left behind";
    if (wantsJson(argv)) printJson(io, "interrupted", message, "Run the command again.");
    else io.stderr.write(`${message}\n`);
    return 130;
  }
  if (isFolderGone(error)) {
    print(io, argv, "not-found", "The current folder does not exist any more.", "Change into another folder.");
    return 2;
  }
  if (error instanceof ArchiverError) {
    print(io, argv, error.code, error.message, error.remedy);
    return 2;
  }
  return reportBug(error, argv, io);
}

/** What `process.cwd` throws. */
function isFolderGone(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && error.syscall === "uv_cwd";
}

/** Commander has printed its own text already; help and version end with 0. */
function reportUsage(error: CommanderError, argv: readonly string[], io: Io): number {
  if (error.exitCode === 0) return 0;
  const message = error.message.replace(/^error: /, "");
  if (wantsJson(argv)) printJson(io, "usage", message, "Run the command with --help to see its options.");
  return 2;
}

function reportBug(error: unknown, argv: readonly string[], io: Io): number {
  if (wantsJson(argv)) printJson(io, "bug", error instanceof Error ? error.message : String(error), reportBugs);
  io.stderr.write(bugText(error));
  return 3;
}

function print(io: Io, argv: readonly string[], code: string, message: string, remedy: string): void {
  if (wantsJson(argv)) {
    printJson(io, code, message, remedy);
    return;
  }
  const chalk = chalkFor(io, io.stderr);
  const [first = "", ...rest] = printable(message).replaceAll("\\x0a", "\n").split("\n");
  const lines = [`${chalk.red("error:")} ${first}  ${chalk.dim(code)}`, ...rest, ...remedy.split("\n")];
  io.stderr.write(`${lines.join("\n")}\n`);
}

function printJson(io: Io, code: string, message: string, remedy: string): void {
  io.stdout.write(`${JSON.stringify({ schemaVersion, error: { code, message, remedy } }, null, 2)}\n`);
}

function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end < 0 ? undefined : end).includes("--json");
}
