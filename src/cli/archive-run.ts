import { ArchiverError } from "../errors.ts";
import { type ArchiveOptions, type ArchiveResult, archive } from "../pack/pack.ts";
import { ownHandlerModule } from "../pack/own-handlers.ts";
import { archiveDocument, renderArchive } from "../report/archive-report.ts";
import type { SigningKey } from "../sign/envelope.ts";
import { printable } from "../report/text.ts";
import { chalkFor } from "./colour.ts";
import type { ArchiveCommandFlags } from "./commands/archive.ts";
import type { Io } from "./io.ts";
import { progress } from "./progress.ts";
import type { SigningFlags } from "./signing-key.ts";

/** Carries out `archive`: packs, prints what was packed, and with --verify judges it; the archive stays whatever the verdict. */
export async function runArchive(flags: ArchiveCommandFlags, io: Io): Promise<void> {
  const result = await pack(flags, io);
  if (!flags.json && !flags.quiet) {
    for (const warning of result.warnings) io.stderr.write(`warning: ${printable(warning)}\n`);
    // `verify` would say it in its own words.
    if (!flags.verify && wantsOnnxRuntime(result)) io.stderr.write(`note: ${onnxRuntimeNote}\n`);
    io.stdout.write(renderArchive(result, chalkFor(io, io.stdout)));
  }
  const verification = flags.verify && result.written ? await verify(result.path, flags, io) : null;
  if (flags.json) io.stdout.write(`${JSON.stringify(archiveDocument(result, verification), null, 2)}\n`);
}

const onnxRuntimeNote =
  "the handler imports onnxruntime, which TorchServe does not bring: install it where the server runs, " +
  "or list it in --requirements-file";

function wantsOnnxRuntime({ entries, manifest }: ArchiveResult): boolean {
  return entries.some(({ path }) => path === ownHandlerModule) && manifest.model.requirementsFile === undefined;
}

async function pack(flags: ArchiveCommandFlags, io: Io): Promise<ArchiveResult> {
  const { dryRun = false, verify: _verify, json, quiet, convert, input = [], ...rest } = flags;
  const { sign: key, passwordFile, certificate, ...others } = rest;
  const { spec: _spec, specPath, specFolder = io.cwd, ...recipe } = others;
  if (specPath !== undefined && !json && !quiet) io.stderr.write(`using ${printable(specPath)}\n`);
  if (convert === undefined && input.length > 0) throw new ArchiverError("usage", "--input goes with --convert onnx");
  const sign = await signer(key, { passwordFile, certificate }, io);
  const line = progress(io, "packing", { ...(quiet ? { quiet } : {}), ...(json ? { json } : {}) });
  try {
    const options: ArchiveOptions = {
      cwd: specFolder,
      env: io.env,
      signal: io.signal,
      dryRun,
      onProgress: (done, total) => line.update(done, total),
      ...(sign ? { sign } : {}),
    };
    if (convert === undefined) return await archive(recipe, options);
    const { archiveConverted } = await import("./archive-convert.ts");
    return await archiveConverted(recipe, input, options, { ...io, cwd: specFolder });
  } finally {
    line.end();
  }
}

async function signer(
  key: string | undefined,
  rest: Omit<SigningFlags, "key">,
  io: Io,
): Promise<SigningKey | undefined> {
  if (key !== undefined) return (await import("./signing-key.ts")).signingKey({ key, ...rest }, io.cwd);
  if (rest.passwordFile === undefined && rest.certificate === undefined) return undefined;
  throw new ArchiverError("usage", "--password-file and --certificate go with --sign KEY");
}

/** What `verify` says of the new archive: on the terminal as ever; with --json as its document. Sets the exit code. */
async function verify(path: string, flags: ArchiveCommandFlags, io: Io): Promise<unknown> {
  const { verifyCommand } = await import("./commands/verify.ts");
  let text = "";
  const silent = flags.json || flags.quiet;
  if (!silent) io.stdout.write("\n");
  const inner: Io = { ...io, ...(silent ? { stdout: { write: (part: string) => (text += part) } } : {}) };
  const { spec } = flags;
  const options = [
    ...(flags.json ? ["--json"] : []),
    ...(spec === undefined ? [] : [spec === false ? "--no-spec" : `--spec=${spec}`]),
  ];
  await verifyCommand(inner).parseAsync([...options, "--", path], { from: "user" });
  io.exitCode = inner.exitCode;
  return flags.json ? JSON.parse(text) : null;
}
