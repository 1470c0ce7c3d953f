import { createPublicKey } from "node:crypto";
import { resolve } from "node:path";
import { writeWhole } from "../archive/write-whole.ts";
import { openArchive } from "../archive/open.ts";
import { manifestPath } from "../manifest/manifest.ts";
import { manifestByteLimit, parseManifest } from "../manifest/parse.ts";
import { ArchiverError } from "../errors.ts";
import { type Content, pathWithin, readContent } from "./content.ts";
import { type SigningKey, signStatement } from "./envelope.ts";
import { keyHint } from "./key.ts";
import { buildStatement, gitPaths, isBelow, type Resource, type SignedContent } from "./statement.ts";

export interface SignOptions extends SigningKey {
  /** The signature file; `ARCHIVE.sig` when left out. */
  readonly output?: string;
  readonly signal?: AbortSignal;
  readonly onBytes?: (count: number) => void;
}

export interface Signed {
  readonly archive: string;
  readonly signature: string;
  /** Lower-case hex SHA-256 of the file; null for a folder. */
  readonly sha256: string | null;
  /** Files signed. */
  readonly files: number;
  /** Entries whose digests were checked against the manifest. */
  readonly entriesChecked: number;
  /** Names the key. */
  readonly keyHint: string;
}

/**
 * Signs an archive, a model file or a folder in the OpenSSF model-signing format. Refuses an archive whose entries are
 * not what its own manifest says. Throws ArchiverError `bad-archive`, `not-signable`, `not-found`, `unreadable`.
 */
export async function signArchive(location: string, options: SignOptions): Promise<Signed> {
  const output = options.output ?? signaturePath(location);
  const within = pathWithin(location, output);
  const ignoredPaths = within === null ? gitPaths : [within, ...gitPaths];
  const { signal, onBytes } = options;
  const content = await readContent(location, { ignoredPaths, signal, onBytes });
  const entriesChecked = await holdAgainstManifest(location, content, ignoredPaths);
  const entries = content.kind === "file" ? content.entries : [];
  await writeSignature(output, { name: content.name, resources: content.resources, ignoredPaths, entries }, options);
  return {
    archive: location,
    signature: output,
    sha256: content.kind === "file" ? (content.resources[0]?.digest ?? null) : null,
    files: content.resources.length,
    entriesChecked,
    keyHint: keyHint(createPublicKey(options.key)),
  };
}

/** Signs what is known of a file or folder already: nothing is read. */
export async function writeSignature(output: string, content: SignedContent, key: SigningKey): Promise<void> {
  const text = signStatement(buildStatement(content), key);
  await writeWhole(output, text);
}

/** Where the signature of a file or folder lies when nothing else is said: beside it. */
export function signaturePath(location: string): string {
  return `${resolve(location)}.sig`;
}

async function holdAgainstManifest(location: string, content: Content, ignored: readonly string[]): Promise<number> {
  const wrong: readonly string[] = content.damaged;
  if (wrong.length > 0) {
    throw new ArchiverError("bad-archive", `${location}: ${wrong.slice(0, 5).join(", ")} cannot be read as declared.`);
  }
  if (!content.entries.some(({ name }) => name === manifestPath)) return 0;
  // Of a folder, what the signature does not speak of is not looked at either.
  const declared = (await declaredDigests(location)).filter(
    ({ name }) => content.kind === "file" || !isBelow(name, ignored),
  );
  const actual = new Map(content.entries.map(({ name, digest }) => [name, digest]));
  const changed = declared.filter(({ name, digest }) => actual.get(name) !== digest).map(({ name }) => name);
  if (changed.length > 0) {
    const names = changed.slice(0, 5).join(", ");
    throw new ArchiverError("bad-archive", `${location}: not what the manifest says: ${names}.`);
  }
  return declared.length;
}

async function declaredDigests(location: string): Promise<readonly Resource[]> {
  const archive = await openArchive(location);
  try {
    const entry = archive.entries.find(({ path }) => path === manifestPath);
    const limit = manifestByteLimit(archive.entries.length);
    if (entry === undefined || entry.size > limit) return [];
    const source = await archive.open(entry);
    const { manifest } = parseManifest(await source.read(0, source.size), { byteLimit: limit });
    const declared = manifest?.modelArchiver?.integrity?.entries ?? {};
    return Object.entries(declared).map(([name, { sha256 }]) => ({ name, digest: sha256 }));
  } finally {
    await archive.close();
  }
}
