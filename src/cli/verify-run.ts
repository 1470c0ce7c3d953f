import type { ChalkInstance } from "chalk";
import { verifyAll } from "../verify/verify-all.ts";
import { type VerifyDocument, verifySchemaVersion } from "../verify/report.ts";
import { exitCodeOf } from "../verify/verdict.ts";
import type { Io } from "./io.ts";

export interface VerifyFlags {
  readonly static?: boolean;
  readonly digests: boolean;
  readonly allowGlobal: readonly string[];
  readonly ignore: readonly string[];
  readonly strict?: boolean;
  readonly json?: boolean;
}

export async function runVerify(paths: readonly string[], flags: VerifyFlags, io: Io, _chalk: ChalkInstance) {
  const reports = await verifyAll(paths, {
    static: flags.static ?? false,
    strict: flags.strict ?? false,
    digests: flags.digests,
    allowGlobals: flags.allowGlobal,
    exceptions: flags.ignore.map((rule) => ({ rule, at: null, source: "--ignore", reason: null })),
    signal: io.signal,
  });
  const document: VerifyDocument = { schemaVersion: verifySchemaVersion, reports };
  io.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  io.exitCode = exitCodeOf(
    reports.map((report) => report.verdict),
    false,
  );
}
