import { readBundleFile } from "./bundle-file.ts";
import { type Content, pathWithin, readContent } from "./content.ts";
import { openBundle, type Signer } from "./envelope.ts";
import { signaturePath } from "./sign.ts";
import { readStatement, type Resource, type SignedContent } from "./statement.ts";

export interface VerifySignatureOptions {
  /** The public key, or the certificates that vouch for signers. */
  readonly signer: Signer;
  /** The signature file; `ARCHIVE.sig` when left out. */
  readonly signature?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: (count: number) => void;
}

/** What differs between what was signed and what is there. */
export interface SignatureChanges {
  readonly changed: readonly string[];
  readonly missing: readonly string[];
  readonly added: readonly string[];
}

export interface SignatureVerdict extends SignatureChanges {
  readonly archive: string;
  readonly signature: string;
  readonly matches: boolean;
  /** Why not; null when it matches. */
  readonly reason: string | null;
  /** The name that was signed; null where the signature cannot be trusted. */
  readonly signedName: string | null;
  /** Of the file as it is; null for a folder, and where it was not read because the signature cannot be trusted. */
  readonly sha256: string | null;
}

const nothing: SignatureChanges = { changed: [], missing: [], added: [] };

/**
 * Whether the file or folder is what was signed. Nothing of the statement is believed before its signature is found
 * right. Throws ArchiverError `not-found` where the archive or the signature file is missing.
 */
export async function verifySignature(location: string, options: VerifySignatureOptions): Promise<SignatureVerdict> {
  const signature = options.signature ?? signaturePath(location);
  const refused = (reason: string): SignatureVerdict => ({
    archive: location,
    signature,
    matches: false,
    reason,
    signedName: null,
    sha256: null,
    ...nothing,
  });
  const text = await readBundleFile(signature);
  if (text === null) return refused("The signature file is too large.");
  const opened = await openBundle(text, options.signer);
  if ("refused" in opened) return refused(opened.refused);
  const signed = readStatement(opened.statement);
  if (typeof signed === "string") return refused(signed);
  const content = await contentOf(location, signature, signed, options);
  const changes = compare(signed, content);
  const matches = Object.values(changes).every((names) => names.length === 0);
  const reason = matches ? null : sentence(changes);
  const sha256 = content.kind === "file" ? (content.resources[0]?.digest ?? null) : null;
  return { archive: location, signature, matches, reason, signedName: signed.name, sha256, ...changes };
}

function contentOf(
  location: string,
  signature: string,
  signed: SignedContent,
  { signal, onBytes }: VerifySignatureOptions,
): Promise<Content> {
  const within = pathWithin(location, signature);
  const ignoredPaths = within === null ? signed.ignoredPaths : [...signed.ignoredPaths, within];
  return readContent(location, { ignoredPaths, signal, onBytes });
}

function compare(signed: SignedContent, content: Content): SignatureChanges {
  const whole = difference(signed.resources, content.resources);
  const same = Object.values(whole).every((names) => names.length === 0);
  if (same || content.kind === "folder" || signed.entries.length === 0) return whole;
  // The file differs: say which of its entries do.
  const inside = difference(signed.entries, content.entries);
  const changed = [...inside.changed, ...content.damaged.filter((name) => !inside.changed.includes(name))];
  const missing = inside.missing.filter((name) => !content.damaged.includes(name));
  const explained = changed.length + missing.length + inside.added.length > 0;
  return explained ? { changed, missing, added: inside.added } : whole;
}

function difference(before: readonly Resource[], now: readonly Resource[]): SignatureChanges {
  const actual = new Map(now.map(({ name, digest }) => [name, digest]));
  const known = new Set(before.map(({ name }) => name));
  return {
    changed: before.filter(({ name, digest }) => (actual.get(name) ?? digest) !== digest).map(({ name }) => name),
    missing: before.filter(({ name }) => !actual.has(name)).map(({ name }) => name),
    added: now.filter(({ name }) => !known.has(name)).map(({ name }) => name),
  };
}

const shown = 5;

function sentence({ changed, missing, added }: SignatureChanges): string {
  const parts = [
    list(
      "changed",
      changed.map((name) => (name === "." ? "the file" : name)),
    ),
    list("missing", missing),
    list("added", added),
  ];
  return `Not what was signed: ${parts.filter((part) => part !== "").join("; ")}.`;
}

function list(what: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const more = names.length > shown ? ` and ${names.length - shown} more` : "";
  return `${what} ${names.slice(0, shown).join(", ")}${more}`;
}
