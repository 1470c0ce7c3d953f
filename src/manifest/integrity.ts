import type { EntryDigest, Integrity } from "./manifest.ts";
import { compareUtf8 } from "./compare.ts";

/**
 * SHA-256 (hex) of the lines `sha256 size path\n` of all entries but the manifest, sorted by the path's UTF-8 bytes.
 * The same in every archive format, and for ever.
 */
export async function integrityRoot(entries: Readonly<Record<string, EntryDigest>>): Promise<string> {
  const lines = Object.entries(entries)
    .toSorted(([a], [b]) => compareUtf8(a, b))
    .map(([path, { sha256, size }]) => `${sha256} ${size} ${path}\n`);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(lines.join("")));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The `integrity` block of these entries, its paths in the order of their UTF-8 bytes. */
export async function buildIntegrity(entries: Readonly<Record<string, EntryDigest>>): Promise<Integrity> {
  const sorted = Object.entries(entries).toSorted(([a], [b]) => compareUtf8(a, b));
  const plain: Record<string, EntryDigest> = Object.create(null);
  for (const [path, { size, sha256 }] of sorted) plain[path] = { size, sha256 };
  return { algorithm: "sha256", root: await integrityRoot(plain), entries: plain };
}
