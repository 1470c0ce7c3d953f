import { resolve } from "node:path";
import type { Anomaly, Archive } from "../archive/archive.ts";
import { AnomalyError } from "../archive/archive.ts";
import { extract, select } from "../archive/extract.ts";
import { refusals } from "../archive/refusal.ts";
import { ArchiverError } from "../errors.ts";
import { formatCount, formatSize, printable } from "../report/text.ts";
import type { Io } from "./io.ts";

export interface ExtractRun {
  readonly output?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Unpacks, and says what was written or why nothing was. */
export async function extractEntries(
  archive: Archive,
  entries: readonly string[],
  run: ExtractRun,
  io: Io,
): Promise<void> {
  const output = resolve(io.cwd, run.output ?? ".");
  const { files, refused } = await extract(archive, { entries, output, force: run.force === true, signal: io.signal });
  io.exitCode = refused.length > 0 ? 1 : 0;
  if (run.json === true) {
    const document = { schemaVersion: 1, archive: archive.location, output, files, refused };
    io.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    return;
  }
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const count = files.length === 1 ? "1 file" : `${formatCount(files.length)} files`;
  if (files.length > 0 || refused.length === 0) {
    io.stdout.write(`${count}, ${formatSize(size)}, in ${printable(output)}\n`);
  }
  explain(refused, io);
}

/** Prints the bytes of one entry. */
export async function printEntry(archive: Archive, names: readonly string[], io: Io): Promise<void> {
  const files = names.length === 0 ? [] : select(archive, names).filter(({ kind }) => kind === "file");
  const [entry, ...more] = files;
  if (entry === undefined || more.length > 0) {
    throw new ArchiverError("usage", "- prints one entry: name exactly one file of the archive.");
  }
  const refused = refusals(archive);
  io.exitCode = refused.length > 0 ? 1 : 0;
  if (refused.length > 0) return explain(refused, io);
  try {
    for await (const block of archive.stream(entry)) io.stdout.write(block);
  } catch (error) {
    if (!(error instanceof AnomalyError)) throw error;
    io.exitCode = 1;
    explain([error.anomaly], io);
  }
}

function explain(refused: readonly Anomaly[], io: Io): void {
  if (refused.length === 0) return;
  io.stderr.write("Refused: the archive is not safe to unpack.\n");
  for (const { rule, message, at } of refused.slice(0, 10)) {
    io.stderr.write(`  ${rule}  ${at === null ? "" : `${printable(at)}: `}${printable(message)}\n`);
  }
  if (refused.length > 10) io.stderr.write(`  and ${refused.length - 10} more; model-archiver verify lists them\n`);
}
