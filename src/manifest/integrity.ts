import type { EntryDigest, Integrity } from "./manifest.ts";
import { compareUtf8 } from "./compare.ts";

/** Lower-case hex of the SHA-256 of bytes. */
export type Sha256 = (bytes: Uint8Array) => string | Promise<string>;

// Not node:crypto, which this library does without. Under Node the caller gives that: WebCrypto takes 10 ms to load.
const webSha256: Sha256 = async (bytes) => {
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(bytes));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
};

/**
 * SHA-256 (hex) of the lines `sha256 size path\n` of all entries but the manifest, sorted by the path's UTF-8 bytes.
 * The same in every archive format, and for ever.
 */
export async function integrityRoot(
  entries: Readonly<Record<string, EntryDigest>>,
  sha256: Sha256 = webSha256,
): Promise<string> {
  const lines = Object.entries(entries)
    .toSorted(([a], [b]) => compareUtf8(a, b))
    .map(([path, digest]) => `${digest.sha256} ${digest.size} ${path}\n`);
  return sha256(new TextEncoder().encode(lines.join("")));
}

/** The `integrity` block of these entries, its paths in the order of their UTF-8 bytes. */
export async function buildIntegrity(
  entries: Readonly<Record<string, EntryDigest>>,
  sha256: Sha256 = webSha256,
): Promise<Integrity> {
  const sorted = Object.entries(entries).toSorted(([a], [b]) => compareUtf8(a, b));
  const plain: Record<string, EntryDigest> = Object.create(null);
  for (const [path, digest] of sorted) plain[path] = { size: digest.size, sha256: digest.sha256 };
  return { algorithm: "sha256", root: await integrityRoot(plain, sha256), entries: plain };
}
