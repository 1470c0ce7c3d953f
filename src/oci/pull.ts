import { createHash, type Hash } from "node:crypto";
import { mkdir, open, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { diskFailure, nodeDisk } from "../archive/disk.ts";
import { openArchive } from "../archive/open.ts";
import { blocks } from "../archive/byte-source.ts";
import { openFile } from "../archive/file-source.ts";
import { ArchiverError } from "../errors.ts";
import { largestBundle, type Signer } from "../sign/envelope.ts";
import { verifySignature } from "../sign/verify-signature.ts";
import type { Report } from "../verify/report.ts";
import { verify } from "../verify/verify.ts";
import { fileBytes } from "./blob-source.ts";
import { digestOf } from "./index-document.ts";
import { readSignature } from "./model-pack.ts";
import type { RegistrySettings } from "./registry.ts";
import { findArtifact, type Found } from "./remote-archive.ts";

export interface PullOptions extends Omit<RegistrySettings, "push"> {
  /** The file, or the folder to put it in. */
  readonly output: string;
  readonly force?: boolean;
  /** The archive must be signed, by this one. */
  readonly signer?: Signer;
  readonly onBytes?: (done: number, total: number) => void;
}

export interface DownloadOptions extends Pick<RegistrySettings, "retry" | "signal"> {
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
  /** The signature's file, or null. */
  readonly signature: string | null;
  /** Why there is no file, in one sentence; null when there is. */
  readonly refused: string | null;
  /** Errors that the static checks found. */
  readonly findings: readonly { readonly rule: string; readonly at: string | null; readonly message: string }[];
}

/**
 * Fetches an archive. It gets its name only when size and digest are right, the signature matches where one is asked
 * for, and the static checks pass. What a cut or killed pull left is used by the next.
 */
export async function pull(location: string, options: PullOptions): Promise<Pulled> {
  const found = await findArtifact(location, options);
  const { plan, manifest } = found;
  const target = await targetOf(found.plan.name, options);
  const folder = join(dirname(target), `.${basename(target)}.${plan.sha256.slice(0, 16)}.part`);
  const file = join(folder, basename(target));
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) =>
    Promise.reject(diskFailure(error, folder)),
  );
  const facts = { reference: location, digest: manifest.digest, size: plan.size, sha256: plan.sha256 };
  await download(file, found, options);
  const signature = await fetchSignature(found, `${file}.sig`, options);
  const refusal = await judge(file, signature, options);
  if (refusal !== null) {
    await rm(folder, { recursive: true, force: true });
    return { ...facts, file: null, signature: null, ...refusal };
  }
  await rename(file, target);
  if (signature) await rename(`${file}.sig`, `${target}.sig`);
  await rm(folder, { recursive: true, force: true });
  await nodeDisk.syncFolder(dirname(target));
  return { ...facts, file: target, signature: signature ? `${target}.sig` : null, refused: null, findings: [] };
}

/** The name comes from the other side: only its last part counts, and never a hidden file. */
async function targetOf(name: string | null, { output, force }: PullOptions): Promise<string> {
  const isFolder = (await stat(output).catch(() => null))?.isDirectory() === true || /[/\\]$/u.test(output);
  const last = (name ?? "").split(/[/\\]/u).at(-1) ?? "";
  if (isFolder && !/^[\w][\w .+-]{0,200}$/u.test(last)) {
    const remedy = "Name the file with -o FILE.";
    throw new ArchiverError("bad-artifact", "The artifact does not name its file.", { remedy });
  }
  const target = resolve(isFolder ? join(output, last) : output);
  if (force !== true && (await stat(target).catch(() => null)) !== null) {
    throw new ArchiverError("already-exists", `${target} exists already.`);
  }
  return target;
}

/** Fetches the file to `path`; bytes that are there already are kept when they can be the file's. */
export async function download(path: string, found: Found, options: DownloadOptions): Promise<void> {
  const { plan, store } = found;
  const handle = await open(path, "a", 0o644).catch((error: unknown) => Promise.reject(diskFailure(error, path)));
  try {
    const hash = createHash("sha256");
    let done = await takeUp(path, plan.size, hash);
    if (done === null) {
      await handle.truncate(0);
      done = 0;
    }
    options.onBytes?.(done, plan.size);
    for await (const block of fileBytes(store, plan, done, plan.size, options)) {
      hash.update(block);
      await handle.appendFile(block).catch((error: unknown) => Promise.reject(diskFailure(error, path)));
      done += block.length;
      options.onBytes?.(done, plan.size);
    }
    await handle.sync();
    if (hash.digest("hex") !== plan.sha256) {
      await handle.truncate(0);
      throw new ArchiverError("bad-artifact", "The bytes that came are not those of the manifest's digest.");
    }
  } finally {
    await handle.close();
  }
}

/** Hashes what an earlier pull left; null when it is more than there can be. */
async function takeUp(path: string, size: number, hash: Hash): Promise<number | null> {
  const file = await openFile(path);
  try {
    if (file.size > size) return null;
    for await (const block of blocks(file)) hash.update(block);
    return file.size;
  } finally {
    await file.close();
  }
}

/** Fetches the artifact's signature to `path`; false when it has none. */
export async function fetchSignature(
  { store, manifest }: Found,
  path: string,
  settings: DownloadOptions,
): Promise<boolean> {
  for (const referrer of await store.referrers(manifest.digest)) {
    const document = await store.getManifest(referrer.digest);
    const blob = document && readSignature(document.bytes, manifest.digest);
    if (!blob || blob.size > largestBundle) continue;
    const parts: Uint8Array[] = [];
    const segments = [{ at: 0, length: blob.size, digest: blob.digest, from: 0 }];
    const plan = { name: null, size: blob.size, sha256: blob.digest.slice(7), segments };
    for await (const block of fileBytes(store, plan, 0, blob.size, settings)) parts.push(block);
    const bytes = Buffer.concat(parts);
    if (digestOf(bytes) !== blob.digest) continue;
    await writeFile(path, bytes);
    return true;
  }
  return false;
}

type Refusal = Pick<Pulled, "refused" | "findings">;

async function judge(file: string, signed: boolean, { signer, signal }: PullOptions): Promise<Refusal | null> {
  if (signer !== undefined) {
    if (!signed) return { refused: "The artifact has no signature.", findings: [] };
    const verdict = await verifySignature(file, { signer, signal });
    if (!verdict.matches) return { refused: verdict.reason ?? "The signature does not match.", findings: [] };
  }
  const archive = await openArchive(file, signal ? { signal } : {});
  try {
    const report = await verify(archive, { static: true, ...(signal ? { signal } : {}) });
    const findings = errorsOf(report);
    return findings.length === 0 ? null : { refused: "The static checks found errors.", findings };
  } finally {
    await archive.close();
  }
}

function errorsOf(report: Report): Pulled["findings"] {
  return report.checks
    .filter(({ status, severity }) => status === "failed" && severity === "error")
    .flatMap(({ id, findings }) => findings.map(({ at, message }) => ({ rule: id, at, message })));
}
