import { writeFile, appendFile } from "node:fs/promises";
import { resolve } from "node:path";
import { writeFailure } from "../archive/write-failure.ts";
import { checks } from "../checks/registry.ts";
import { printable } from "../report/text.ts";
import { renderLine, renderReport, renderSummary, type PageOptions } from "../report/verify-report.ts";
import type { Unreadable, VerifyDocument } from "../verify/report.ts";
import type { OnReport } from "../verify/verify-all.ts";
import type { Verified } from "../verify/verify.ts";
import { chalkFor } from "./colour.ts";
import type { Io } from "./io.ts";
import type { VerifyFlags } from "./verify-run.ts";
import { toolVersion } from "./version.ts";

type OutputFlags = Pick<VerifyFlags, "json" | "quiet" | "junit" | "sarif" | "markdown">;

const defaultWidth = 100;

/** Writes what the flags ask for: the page or the JSON document on stdout, reports to files. */
export async function writeReports(
  results: readonly (Verified | Unreadable)[],
  document: VerifyDocument,
  durationMs: number,
  flags: OutputFlags,
  io: Io,
): Promise<void> {
  if (flags.json) io.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  else if (!flags.quiet) io.stdout.write(pages(results, document, durationMs, io));
  await writeFiles(document, flags, io);
}

/** How a page looks in this terminal. */
export function pageOptions(io: Io): PageOptions {
  const remedies = new Map(checks.map((check) => [check.id, check.remedy]));
  return { chalk: chalkFor(io, io.stdout), width: io.stdout.columns ?? defaultWidth, remedies };
}

function pages(
  results: readonly (Verified | Unreadable)[],
  { reports }: VerifyDocument,
  durationMs: number,
  io: Io,
): string {
  const options = pageOptions(io);
  const [only] = results;
  if (results.length === 1 && only) {
    return "report" in only ? renderReport(only.report, only.facts, options) : unreadable(only, io);
  }
  return `\n${renderSummary(reports, durationMs, options.chalk)}\n`;
}

/** For many paths: a line for each as soon as those before it are done. */
export function lineWriter(paths: readonly string[], flags: OutputFlags, io: Io): OnReport | undefined {
  if (paths.length < 2 || flags.json || flags.quiet) return undefined;
  const options = pageOptions(io);
  const lines: (string | undefined)[] = [];
  let next = 0;
  return (report, at) => {
    lines[at] = renderLine(report, options);
    for (let line = lines[next]; line !== undefined; line = lines[++next]) io.stdout.write(`${line}\n`);
  };
}

/** A single path that cannot be read has no page: the error stands on stderr, as everywhere. */
function unreadable({ error }: Unreadable, io: Io): string {
  if (error.code !== "bug") io.stderr.write(`error: ${printable(error.message)}  ${error.code}\n${error.remedy}\n`);
  return "";
}

async function writeFiles(document: VerifyDocument, flags: OutputFlags, io: Io): Promise<void> {
  if (flags.junit !== undefined) {
    const { junit } = await import("../report/junit.ts");
    await write(io, flags.junit, junit(document));
  }
  if (flags.sarif !== undefined) {
    const { sarif } = await import("../report/sarif.ts");
    await write(io, flags.sarif, `${JSON.stringify(sarif(document, checks, toolVersion()), null, 2)}\n`);
  }
  const summary = io.env["GITHUB_STEP_SUMMARY"];
  if (flags.markdown === undefined && !summary) return;
  const { markdown } = await import("../report/markdown.ts");
  const text = markdown(document);
  if (flags.markdown !== undefined) await write(io, flags.markdown, text);
  if (summary) await appendFile(summary, text).catch(failed(summary));
}

async function write(io: Io, path: string, text: string): Promise<void> {
  await writeFile(resolve(io.cwd, path), text).catch(failed(path));
}

function failed(path: string): (error: unknown) => never {
  return (error) => {
    throw writeFailure(error, path);
  };
}
