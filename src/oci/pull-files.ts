import { createHash } from "node:crypto";
import { AnomalyError, type Anomaly, type Archive, type Entry } from "../archive/archive.ts";
import { extract, select } from "../archive/extract.ts";
import { compileWildcard, isWildcard } from "../archive/wildcard.ts";
import { ArchiverError } from "../errors.ts";
import { manifestPath } from "../manifest/manifest.ts";
import { manifestByteLimit, parseManifest } from "../manifest/parse.ts";
import { openBundle, type Signer } from "../sign/envelope.ts";
import { readStatement } from "../sign/statement.ts";
import { fetchAttachment } from "./fetch-attachments.ts";
import type { RegistrySettings } from "./registry.ts";
import { findArtifact, type Found, remoteArchive } from "./remote-archive.ts";

export interface PullFilesOptions extends Omit<RegistrySettings, "push"> {
  /** Entries, folders or wildcards. */
  readonly include: readonly string[];
  /** The folder to put them in; made when missing. */
  readonly output: string;
  readonly force?: boolean;
  /** Who must have signed the archive; its signature then vouches for each file. */
  readonly signer?: Signer | undefined;
}

export interface PulledFiles {
  readonly reference: string;
  /** Digest of the manifest. */
  readonly digest: string;
  readonly output: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
  /** Why nothing, or nothing further, was written, in one sentence; null when all went well. */
  readonly refused: string | null;
  readonly findings: readonly Anomaly[];
}

/**
 * Fetches single files of an archive: its directory and the bytes of these files, no more. Each is held against a
 * digest that the signature vouches for, where one is asked for, else the artifact's manifest. Throws ArchiverError
 * `no-such-entry`, `already-exists`, or `bad-artifact` where nothing vouches for a part of the archive.
 */
export async function pullFiles(location: string, options: PullFilesOptions): Promise<PulledFiles> {
  const found = await findArtifact(location, options);
  const archive = await remoteArchive(location, found, options);
  const { output, force = false, signal, signer } = options;
  const facts = { reference: location, digest: found.manifest.digest, output };
  try {
    if (archive.container !== "zip") throw whole("The artifact's file is no ZIP, which alone can be read in parts.");
    const entries = chosenPaths(archive, options.include);
    const known =
      signer === undefined ? await vouchedByManifest(found, archive) : await vouchedBySigner(found, signer, options);
    if (typeof known === "string") {
      if (signer !== undefined) return { ...facts, files: [], refused: known, findings: [] };
      throw whole(known);
    }
    const checked = { ...archive, stream: (entry: Entry) => held(archive, entry, known) };
    const settings = { entries, output, force, ...(signal ? { signal } : {}) };
    const { files, refused } = await extract(checked, settings);
    const reason = refused.length === 0 ? null : "What came is not what it should be.";
    return { ...facts, files, refused: reason, findings: refused };
  } finally {
    await archive.close();
  }
}

function whole(message: string): ArchiverError {
  return new ArchiverError("bad-artifact", message, { remedy: "Pull the whole archive, without --include." });
}

function chosenPaths(archive: Archive, patterns: readonly string[]): readonly string[] {
  const paths = patterns.flatMap((pattern) => {
    if (!isWildcard(pattern)) return select(archive, [pattern]).map(({ path }) => path);
    const matches = compileWildcard(pattern);
    const matching = archive.entries.filter(({ path, kind }) => kind === "file" && matches(path));
    if (matching.length > 0) return matching.map(({ path }) => path);
    const remedy = `Run model-archiver inspect ${archive.location} to see its entries.`;
    throw new ArchiverError("no-such-entry", `${archive.location} has no entry that matches ${pattern}.`, { remedy });
  });
  return [...new Set(paths)];
}

/** Lower-case hex SHA-256 of each entry that somebody answers for, or a sentence. */
type Vouched = ReadonlyMap<string, string> | string;

/** The artifact's manifest has the digest of the archive's manifest, and that has those of all other entries. */
async function vouchedByManifest({ plan }: Found, archive: Archive): Promise<Vouched> {
  if (plan.manifestSha256 === null) return "The artifact does not say what its archive's entries must be.";
  const entry = archive.entries.find(({ path }) => path === manifestPath);
  const byteLimit = manifestByteLimit(archive.entries.length);
  if (entry === undefined || entry.size > byteLimit) return `The archive has no ${manifestPath}.`;
  const source = await archive.open(entry);
  const bytes = await source.read(0, source.size);
  if (createHash("sha256").update(bytes).digest("hex") !== plan.manifestSha256) {
    return "The archive's manifest is not the one that was pushed.";
  }
  const declared = parseManifest(bytes, { byteLimit }).manifest?.modelArchiver?.integrity?.entries ?? {};
  const known = new Map(Object.entries(declared).map(([path, { sha256 }]) => [path, sha256]));
  return known.set(manifestPath, plan.manifestSha256);
}

async function vouchedBySigner(found: Found, signer: Signer, settings: PullFilesOptions): Promise<Vouched> {
  const attachment = await fetchAttachment(found, "signature", signer, settings);
  if (attachment === null) return "The artifact has no signature.";
  const opened = await openBundle(Buffer.from(attachment.bytes).toString("utf8"), signer);
  if ("refused" in opened) return opened.refused;
  const signed = readStatement(opened.statement);
  if (typeof signed === "string") return signed;
  if (attachment.about !== found.plan.sha256) return "The signature is of another file.";
  if (signed.entries.length === 0) return "The signature does not speak of single entries; pull the whole archive.";
  return new Map(signed.entries.map(({ name, digest }) => [name, digest]));
}

/** The entry's bytes, which turn out at the end to be those that were vouched for. Throws AnomalyError. */
async function* held(archive: Archive, entry: Entry, known: ReadonlyMap<string, string>): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  for await (const block of archive.stream(entry)) {
    hash.update(block);
    yield block;
  }
  if (hash.digest("hex") !== known.get(entry.path)) {
    const message = "The bytes are not those of the digest that was vouched for.";
    throw new AnomalyError({ rule: "archive/digest-mismatch", message, at: entry.path });
  }
}
