import { resolve } from "node:path";
import { ArchiverError } from "../errors.ts";
import { exportArchive, type ExportTarget } from "../export/export.ts";
import { renderExport } from "../report/export-report.ts";
import { readInputs } from "../verify/inputs.ts";
import type { Io } from "./io.ts";
import { millisecondsOf } from "./numbers.ts";
import { openWhole } from "./open-whole.ts";
import type { PlainHttpFlags } from "./registry-flags.ts";

/** The flags of `export`, as commander gives them. */
export interface ExportFlags extends PlainHttpFlags {
  readonly to: ExportTarget;
  readonly output: string;
  readonly input: readonly string[];
  readonly storageUri?: string;
  readonly force?: boolean;
  readonly timeout: string;
  readonly tmpDir?: string;
  readonly json?: boolean;
}

/** Carries out `export`; refused archives are an answer, failures are ArchiverErrors. */
export async function runExport(location: string, flags: ExportFlags, io: Io): Promise<void> {
  const { to, output, storageUri, tmpDir, force = false } = flags;
  if (storageUri !== undefined && to !== "kserve")
    throw new ArchiverError("usage", "--storage-uri goes with --to kserve");
  if (to === "directory" && flags.input.length > 0)
    throw new ArchiverError("usage", "--input goes with a model to run");
  const inputs = await readInputs(flags.input, io.cwd);
  const timeoutMs = millisecondsOf("--timeout", flags.timeout);
  const archive = await openWhole(location, flags, io);
  try {
    const exported = await exportArchive(archive, {
      to,
      output: resolve(io.cwd, output),
      force,
      inputs,
      timeoutMs,
      project: io.cwd,
      signal: io.signal,
      ...(storageUri === undefined ? {} : { storageUri }),
      ...(tmpDir === undefined ? {} : { tmpDir }),
    });
    io.exitCode = exported.folder === null ? 1 : 0;
    io.stdout.write(
      flags.json ? `${JSON.stringify({ schemaVersion: 1, ...exported }, null, 2)}\n` : renderExport(exported),
    );
  } finally {
    await archive.close();
  }
}
