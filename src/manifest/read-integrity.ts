import { pointerStep } from "./json-scan.ts";
import type { EntryDigest, Integrity, ManifestIssue } from "./manifest.ts";

const root = "/modelArchiver/integrity";
const sha256Pattern = /^[0-9a-f]{64}$/;

/** The digests that the manifest declares; undefined, with an issue, when they cannot be trusted to mean anything. */
export function readIntegrity(value: unknown, issues: ManifestIssue[]): Integrity | undefined {
  const bad = (pointer: string, message: string): undefined => {
    issues.push({ rule: "value", pointer, message, severity: "error" });
  };
  if (typeof value !== "object" || value === null) return bad(root, "is not an object");
  const declared: { algorithm?: unknown; root?: unknown; entries?: unknown } = value;
  if (declared.algorithm !== "sha256") return bad(`${root}/algorithm`, "is not sha256");
  if (typeof declared.root !== "string" || !sha256Pattern.test(declared.root)) {
    return bad(`${root}/root`, "is no SHA-256 in lower-case hex");
  }
  if (typeof declared.entries !== "object" || declared.entries === null || Array.isArray(declared.entries)) {
    return bad(`${root}/entries`, "is not an object");
  }
  // No prototype: an entry may be called `constructor`.
  const entries: Record<string, EntryDigest> = Object.create(null);
  for (const [path, digest] of Object.entries(declared.entries)) {
    const read = readDigest(digest);
    if (read === null) return bad(`${root}/entries${pointerStep(path)}`, "is not {size, sha256}");
    entries[path] = read;
  }
  return { algorithm: "sha256", root: declared.root, entries };
}

function readDigest(value: unknown): EntryDigest | null {
  if (typeof value !== "object" || value === null) return null;
  const { size, sha256 }: { size?: unknown; sha256?: unknown } = value;
  const sound = typeof size === "number" && Number.isSafeInteger(size) && size >= 0;
  return sound && typeof sha256 === "string" && sha256Pattern.test(sha256) ? { size, sha256 } : null;
}
