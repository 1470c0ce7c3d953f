import { resolve } from "node:path";
import { ArchiverError } from "../errors.ts";
import { pull, type Pulled } from "../oci/pull.ts";
import { pullFiles, type PulledFiles } from "../oci/pull-files.ts";
import { formatSize, plural, printable } from "../report/text.ts";
import type { Io } from "./io.ts";
import { progress } from "./progress.ts";
import { type PlainHttpFlags, registrySettings } from "./registry-flags.ts";
import { type GateFlags, requiredSigners } from "./signer-flags.ts";

/** The flags of `pull`, as commander gives them. */
export interface PullFlags extends GateFlags, PlainHttpFlags {
  readonly output: string;
  readonly force?: boolean;
  readonly include: readonly string[];
  readonly json?: boolean;
}

/** Carries out `pull`: all of an archive, or with `--include` some of its files; prints what came, sets the exit code. */
export async function runPull(reference: string, flags: PullFlags, io: Io): Promise<void> {
  const pulled = flags.include.length > 0 ? await someFiles(reference, flags, io) : await archive(reference, flags, io);
  io.exitCode = pulled.refused === null ? 0 : 1;
  if (flags.json) {
    io.stdout.write(`${JSON.stringify({ schemaVersion: 1, ...pulled }, null, 2)}\n`);
    return;
  }
  const lines =
    pulled.refused === null
      ? ready(pulled)
      : [
          `refused: ${printable(pulled.refused)}`,
          ...pulled.findings.map(({ rule, at, message }) => printable(`  ${rule}  ${at ?? ""} ${message}`)),
        ];
  io.stdout.write(`${lines.join("\n")}\n`);
}

function ready(pulled: Pulled | PulledFiles): string[] {
  if ("file" in pulled) {
    const beside = [pulled.signature, pulled.attestation, pulled.bom].flatMap((path) => (path === null ? [] : [path]));
    const [file, ...others] = [pulled.file ?? "", ...beside].map(printable);
    return [`${file}   ${formatSize(pulled.size)}`, `sha256:${pulled.sha256}`, ...others];
  }
  const size = pulled.files.reduce((sum, file) => sum + file.size, 0);
  return [`${plural(pulled.files.length, "file")}, ${formatSize(size)}, in ${printable(pulled.output)}`];
}

async function archive(reference: string, flags: PullFlags, io: Io): Promise<Pulled> {
  const signers = await requiredSigners(flags, io.cwd);
  const line = progress(io, "pulling", { json: flags.json === true });
  return pull(reference, {
    ...registrySettings(flags, io),
    output: /[/\\]$/u.test(flags.output) ? `${resolve(io.cwd, flags.output)}/` : resolve(io.cwd, flags.output),
    force: flags.force === true,
    signers,
    onBytes: (done, total) => line.update(done, total),
  }).finally(() => line.end());
}

async function someFiles(reference: string, flags: PullFlags, io: Io): Promise<PulledFiles> {
  const { signature, attestation } = await requiredSigners(flags, io.cwd);
  if (attestation !== undefined) {
    throw new ArchiverError(
      "usage",
      "--require-attestation is about whole archives; --include takes --require-signature",
    );
  }
  return pullFiles(reference, {
    ...registrySettings(flags, io),
    include: flags.include,
    output: resolve(io.cwd, flags.output),
    force: flags.force === true,
    signer: signature,
  });
}
