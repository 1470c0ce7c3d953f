import { resolve } from "node:path";
import { installEngine } from "../checks/model/engine-failure.ts";
import { printable } from "../report/text.ts";
import { renderReport } from "../report/verify-report.ts";
import type { EnginePool } from "../runtime/engine-pool.ts";
import { attest, type Attested } from "../verify/attest.ts";
import { exitCodeOf } from "../verify/verdict.ts";
import type { Io } from "./io.ts";
import { type SigningFlags, signingKey } from "./signing-key.ts";
import { pageOptions } from "./verify-output.ts";
import { type VerifyFlags, verifyOptions } from "./verify-run.ts";

/** The flags of `attest`: those of `verify` that say what to look at, and those of `sign`. */
type AttestFlags = SigningFlags &
  Omit<VerifyFlags, "key" | "static" | "digests" | "certificateChain"> & { readonly output?: string };

/** Carries out `attest`: judges, signs what is ready, prints the page and where the attestation is. */
export async function runAttest(path: string, flags: AttestFlags, io: Io, pool: EnginePool): Promise<void> {
  const signing = await signingKey(flags, io.cwd);
  const { key: _, ...judging } = flags;
  const options = await verifyOptions([path], { ...judging, digests: true }, io);
  const output = flags.output === undefined ? {} : { output: resolve(io.cwd, flags.output) };
  const attested = await attest(resolve(io.cwd, path), { ...options, ...output, signing, pool });
  const report = { ...attested.report, path };
  if (flags.json) io.stdout.write(`${JSON.stringify(documentOf(attested, path), null, 2)}\n`);
  else if (!flags.quiet) {
    io.stdout.write(renderReport(report, attested.facts, pageOptions(io)));
    if (attested.attestation !== null) io.stdout.write(`attested in ${printable(attested.attestation)}\n`);
  }
  if (pool.missing) io.stderr.write(`${installEngine}\n`);
  io.exitCode = exitCodeOf([report.verdict], pool.missing);
}

function documentOf({ report, attestation, sha256, keyHint }: Attested, path: string): object {
  return { schemaVersion: 1, archive: path, attestation, sha256, keyHint, report: { ...report, path } };
}
