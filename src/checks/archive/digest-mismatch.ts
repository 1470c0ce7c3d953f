import { createHash } from "node:crypto";
import { manifestPath } from "../../manifest/manifest.ts";
import type { Check, Finding } from "../check.ts";
import { notApplicable, skipped } from "../check.ts";
import { integrityRoot } from "../../manifest/integrity.ts";

// WebCrypto, the default, takes 10 ms to load.
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export const digestMismatch: Check = {
  id: "archive/digest-mismatch",
  title: "Every digest of the manifest matches",
  severity: "error",
  why: "An entry was changed, added or removed after the archive was packed.",
  remedy: "Do not use this archive until you know who changed it; pack it again from its sources.",
  async *run(subject) {
    const { archive, options } = subject;
    const integrity = (await subject.manifest())?.manifest?.modelArchiver?.integrity;
    if (integrity === undefined) return notApplicable;
    if (!options.digests) return skipped("--no-digests");
    const { of, refused } = await archive.digests();
    if (refused !== null) return skipped(refused);
    const declared = new Map(Object.entries(integrity.entries));
    if ((await integrityRoot(integrity.entries, sha256)) !== integrity.root) {
      yield { message: "The digests in the manifest do not add up to their root.", at: manifestPath };
    }
    for (const entry of archive.entries) {
      if (entry.kind === "directory" || entry.path === manifestPath) continue;
      const expected = declared.get(entry.path);
      declared.delete(entry.path);
      const finding = compare(entry.path, expected, of.get(entry)?.sha256, entry.size);
      if (finding !== null) yield finding;
    }
    for (const path of declared.keys())
      yield { message: "The manifest has a digest of it, the archive no entry.", at: path };
  },
};

function compare(
  at: string,
  expected: { readonly sha256: string; readonly size: number } | undefined,
  found: string | undefined,
  size: number,
): Finding | null {
  if (expected === undefined) return { message: "The entry was added: the manifest has no digest of it.", at };
  if (expected.size !== size) return { message: `The entry has ${size} bytes; ${expected.size} were packed.`, at };
  if (found === undefined) return { message: "The entry cannot be read, so its digest is unknown.", at };
  return found === expected.sha256
    ? null
    : { message: `The entry has the SHA-256 ${found}, not the one it was packed with.`, at };
}
