import { readFile, stat } from "node:fs/promises";
import { diskFailure } from "../archive/disk.ts";
import { largestBundle } from "./envelope.ts";

/** The text of a signature or attestation file; null when it is too large for one. Throws ArchiverError `not-found`. */
export async function readBundleFile(path: string): Promise<string | null> {
  try {
    const { size } = await stat(path);
    return size > largestBundle ? null : await readFile(path, "utf8");
  } catch (error) {
    throw diskFailure(error, path);
  }
}
