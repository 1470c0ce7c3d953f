import { resolve } from "node:path";
import { ArchiverError } from "../errors.ts";
import { isOci } from "../oci/reference.ts";
import { syncDown, syncUp } from "../oci/sync.ts";
import { renderSync } from "../report/sync-report.ts";
import type { Io } from "./io.ts";
import { progress } from "./progress.ts";
import { type PlainHttpFlags, registrySettings } from "./registry-flags.ts";
import { type GateFlags, requiredSigners } from "./signer-flags.ts";

/** The flags of `sync`, as commander gives them. */
export interface SyncFlags extends PlainHttpFlags, GateFlags {
  readonly unpacked?: boolean;
  readonly delete?: boolean;
  readonly json?: boolean;
}

/** Carries out `sync`, in the direction that the arguments say; sets the exit code. */
export async function runSync(from: string, to: string, flags: SyncFlags, io: Io): Promise<void> {
  const up = isOci(to);
  if (up === isOci(from)) {
    throw new ArchiverError("usage", `sync goes from a folder to oci:// or back; got ${from} and ${to}`);
  }
  const { signature, attestation } = await requiredSigners(flags, io.cwd);
  if (up && (signature ?? attestation) !== undefined) {
    throw new ArchiverError("usage", "--require-signature and --require-attestation are for syncing downwards");
  }
  if (!up && flags.unpacked === true) throw new ArchiverError("usage", "--unpacked is for syncing upwards");
  const line = progress(io, "syncing", { json: flags.json === true });
  const options = {
    ...registrySettings(flags, io),
    unpacked: flags.unpacked === true,
    delete: flags.delete === true,
    signers: { signature, attestation },
    onBytes: (done: number, total: number) => line.update(done, total),
  };
  const work = up ? syncUp(resolve(io.cwd, from), to, options) : syncDown(from, resolve(io.cwd, to), options);
  const synced = await work.finally(() => line.end());
  io.exitCode = synced.archives.some(({ state }) => state === "refused") ? 1 : 0;
  io.stdout.write(flags.json ? `${JSON.stringify({ schemaVersion: 1, ...synced }, null, 2)}\n` : renderSync(synced));
}
