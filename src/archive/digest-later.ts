import type { Digests } from "./archive.ts";
import type { Digestible } from "./digest.ts";

/** `digestArchive`, loaded when somebody wants digests: `inspect` starts without node:crypto and all that hashes. */
export async function digestLater(archive: Digestible): Promise<Digests> {
  const { digestArchive } = await import("./digest.ts");
  return digestArchive(archive);
}
