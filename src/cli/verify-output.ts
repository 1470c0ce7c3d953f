import type { VerifyDocument } from "../verify/report.ts";
import type { Verified } from "../verify/verify.ts";
import type { Unreadable } from "../verify/report.ts";
import type { Io } from "./io.ts";
import type { VerifyFlags } from "./verify-run.ts";

/** Writes what the flags ask for: the page or the JSON document on stdout, reports to files. */
export async function writeReports(
  _results: readonly (Verified | Unreadable)[],
  document: VerifyDocument,
  _flags: VerifyFlags,
  io: Io,
): Promise<void> {
  io.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}
