import { resolve } from "node:path";
import type { Archive } from "../archive/archive.ts";
import { diffArchives } from "../diff/diff.ts";
import type { Difference } from "../diff/difference.ts";
import { differenceMarkdown, renderDifference } from "../report/diff-report.ts";
import { chalkFor } from "./colour.ts";
import type { Io } from "./io.ts";
import { millisecondsOf } from "./numbers.ts";
import { openWhole } from "./open-whole.ts";
import type { PlainHttpFlags } from "./registry-flags.ts";
import { ArchiverError } from "../errors.ts";

/** The flags of `diff`, as commander gives them. */
export interface DiffFlags extends PlainHttpFlags {
  readonly numeric?: boolean;
  readonly input: readonly string[];
  readonly timeout: string;
  readonly markdown?: string;
  readonly json?: boolean;
}

/** Carries out `diff`: opens both, prints what differs, sets the exit code. */
export async function runDiff(first: string, second: string, flags: DiffFlags, io: Io): Promise<void> {
  if (!flags.numeric && flags.input.length > 0) throw new ArchiverError("usage", "--input goes with --numeric");
  const before = await openWhole(first, flags, io);
  try {
    const after = await openWhole(second, flags, io);
    try {
      const compared = await diffArchives(before, after);
      const numeric = flags.numeric ? { numeric: await numericOf(before, after, flags, io) } : {};
      const difference = { ...compared, ...numeric, before: first, after: second };
      io.exitCode = difference.same ? 0 : 1;
      await print(difference, flags, io);
    } finally {
      await after.close();
    }
  } finally {
    await before.close();
  }
}

async function numericOf(
  before: Archive,
  after: Archive,
  { input, timeout }: DiffFlags,
  io: Io,
): Promise<NonNullable<Difference["numeric"]>> {
  const [{ numericDifference }, { EnginePool }, { readInputs }] = await Promise.all([
    import("../diff/numeric.ts"),
    import("../runtime/engine-pool.ts"),
    import("../verify/inputs.ts"),
  ]);
  const inputs = await readInputs(input, io.cwd);
  const pool = new EnginePool({ project: io.cwd, timeoutMs: millisecondsOf("--timeout", timeout), signal: io.signal });
  try {
    return await numericDifference(before, after, { pool, inputs, fill: null, seed: 0, signal: io.signal });
  } finally {
    pool.close();
  }
}

async function print(difference: Difference, { json, markdown }: DiffFlags, io: Io): Promise<void> {
  if (json) io.stdout.write(`${JSON.stringify({ schemaVersion: 1, ...difference }, null, 2)}\n`);
  if (markdown === "-") io.stdout.write(differenceMarkdown(difference));
  else if (!json) io.stdout.write(renderDifference(difference, chalkFor(io, io.stdout)));
  if (markdown === undefined || markdown === "-") return;
  const { writeWhole } = await import("../archive/write-whole.ts");
  await writeWhole(resolve(io.cwd, markdown), differenceMarkdown(difference));
}
