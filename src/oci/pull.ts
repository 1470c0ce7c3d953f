import { mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { isDevice, nodeDisk } from "../archive/disk.ts";
import { writeFailure } from "../archive/write-failure.ts";
import { openArchive } from "../archive/open.ts";
import { ArchiverError } from "../errors.ts";
import { verifyAttestation } from "../sign/verify-attestation.ts";
import { verifySignature } from "../sign/verify-signature.ts";
import { type StaticError, staticErrors } from "../verify/static-errors.ts";
import { type AttachmentKind, attachmentSuffixes } from "./attachment.ts";
import { download } from "./download.ts";
import { fetchAttachments, type Signers } from "./fetch-attachments.ts";
import { isFileName } from "./reference.ts";
import type { RegistrySettings } from "./registry.ts";
import { goesOn } from "./retry.ts";
import { findArtifact } from "./remote-archive.ts";

export interface PullOptions extends Omit<RegistrySettings, "push"> {
  /** The file, or the folder to put it in. */
  readonly output: string;
  readonly force?: boolean;
  /** Who must have signed the archive, or the attestation that it was tested. */
  readonly signers?: Signers;
  readonly onBytes?: (done: number, total: number) => void;
}

export interface Pulled {
  readonly reference: string;
  /** Digest of the manifest. */
  readonly digest: string;
  /** Where the file is; null when it was refused. */
  readonly file: string | null;
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** The signature's file, or null; beside it those of the attestation and of the bill of materials. */
  readonly signature: string | null;
  readonly attestation: string | null;
  readonly bom: string | null;
  /** Why there is no file, in one sentence; null when there is. */
  readonly refused: string | null;
  /** Errors that the static checks found. */
  readonly findings: readonly StaticError[];
}

/**
 * Fetches an archive. It gets its name only when size and digest are right, the signature matches where one is asked
 * for, and the static checks pass. What a cut or killed pull left is used by the next.
 */
export async function pull(location: string, options: PullOptions): Promise<Pulled> {
  try {
    return await fetchArchive(location, options);
  } catch (error) {
    throw goesOn(error);
  }
}

async function fetchArchive(location: string, options: PullOptions): Promise<Pulled> {
  const found = await findArtifact(location, options);
  const { plan, manifest } = found;
  const target = await targetOf(found.plan.name, options);
  const folder = join(dirname(target), `.${basename(target)}.${plan.sha256.slice(0, 16)}.part`);
  const file = join(folder, basename(target));
  await makePartFolder(folder);
  const facts = { reference: location, digest: manifest.digest, size: plan.size, sha256: plan.sha256 };
  const { signers = {} } = options;
  const kinds = await fetchAttachments(found, file, signers, options);
  if (options.force !== true) await refuseExisting(kinds.map((kind) => `${target}${attachmentSuffixes[kind]}`));
  await download(file, found, options);
  const refusal = await judge(file, plan.sha256, kinds, options);
  if (refusal !== null) {
    await rm(folder, { recursive: true, force: true });
    return { ...facts, file: null, ...none, ...refusal };
  }
  const paths: Record<AttachmentKind, string | null> = { ...none };
  // The archive comes last: whoever sees it finds what belongs to it.
  for (const kind of kinds) {
    paths[kind] = `${target}${attachmentSuffixes[kind]}`;
    await rename(`${file}${attachmentSuffixes[kind]}`, paths[kind]);
  }
  await rename(file, target);
  await rm(folder, { recursive: true, force: true });
  await nodeDisk.syncFolder(dirname(target));
  return { ...facts, file: target, ...paths, refused: null, findings: [] };
}

/** Only ours while it is not verified; the folder that it lies in is for all. */
async function makePartFolder(folder: string): Promise<void> {
  try {
    await mkdir(dirname(folder), { recursive: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw writeFailure(error, folder);
  }
}

const none = { signature: null, attestation: null, bom: null } as const;

async function refuseExisting(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if ((await stat(path).catch(() => null)) !== null) {
      throw new ArchiverError("already-exists", `${path} exists already.`);
    }
  }
}

/** The name comes from the other side: only its last part counts, and never a hidden file. */
async function targetOf(name: string | null, { output, force }: PullOptions): Promise<string> {
  const isFolder = (await stat(output).catch(() => null))?.isDirectory() === true || /[/\\]$/u.test(output);
  const last = (name ?? "").split(/[/\\]/u).at(-1) ?? "";
  if (isFolder && !isFileName(last)) {
    const remedy = "Name the file with -o FILE.";
    throw new ArchiverError("bad-artifact", "The artifact does not name its file.", { remedy });
  }
  const target = resolve(isFolder ? join(output, last) : output);
  if (isDevice(target)) throw new ArchiverError("not-a-file", `${target} is a device, not a file`);
  if (force !== true) await refuseExisting([target]);
  return target;
}

type Refusal = Pick<Pulled, "refused" | "findings">;

/** Why the file must not get its name; null when it may. */
export async function judge(
  file: string,
  sha256: string,
  kinds: readonly AttachmentKind[],
  { signers = {}, signal }: Pick<PullOptions, "signers" | "signal">,
): Promise<Refusal | null> {
  for (const kind of ["signature", "attestation"] as const) {
    const signer = signers[kind];
    if (signer === undefined) continue;
    if (!kinds.includes(kind)) return { refused: `The artifact has no ${kind}.`, findings: [] };
    const { reason } =
      kind === "signature"
        ? await verifySignature(file, { signer, signal })
        : await verifyAttestation(file, { signer, sha256, signal });
    if (reason !== null) return { refused: reason, findings: [] };
  }
  const archive = await openArchive(file, signal ? { signal } : {});
  try {
    const findings = await staticErrors(archive, signal);
    return findings.length === 0 ? null : { refused: "The static checks found errors.", findings };
  } finally {
    await archive.close();
  }
}
