import type { Archive, Entry } from "../archive/archive.ts";
import { byteEntry } from "../archive/entry-source.ts";
import { ArchiverError } from "../errors.ts";
import { type Manifest, manifestPath } from "../manifest/manifest.ts";
import { manifestByteLimit, parseManifest } from "../manifest/parse.ts";
import type { Source } from "./source.ts";

/** An archive that is packed again. */
export interface OldArchive {
  readonly archive: Archive;
  readonly manifest: Manifest;
  readonly sources: readonly Source[];
}

/** Opens an archive to pack its content again. Throws ArchiverError `bad-archive` for one that no reader agrees on. */
export async function openOld(location: string): Promise<OldArchive> {
  const { openArchive } = await import("../archive/open.ts");
  const archive = await openArchive(location);
  try {
    const [anomaly] = archive.anomalies.filter((each) => each.rule.startsWith("archive/"));
    if (anomaly) throw broken(location, `${anomaly.rule}: ${anomaly.message}`);
    const manifest = await readManifest(archive, location);
    const files = archive.entries.filter((entry) => entry.kind !== "directory" && entry.path !== manifestPath);
    const odd = files.find((entry) => entry.kind !== "file" || entry.method === "unsupported");
    if (odd) throw broken(location, `${odd.path} is no regular file`);
    const sources: Source[] = [];
    for (const entry of files) sources.push(await sourceOfEntry(archive, entry, location));
    return { archive, manifest, sources };
  } catch (error) {
    await archive.close();
    throw error;
  }
}

async function readManifest(archive: Archive, location: string): Promise<Manifest> {
  const entry = archive.entries.find((each) => each.path === manifestPath);
  if (!entry) throw broken(location, `there is no ${manifestPath}`);
  const source = await archive.open(entry);
  const limit = manifestByteLimit(archive.entries.length);
  const { manifest, issues } = parseManifest(await source.read(0, Math.min(source.size, limit)), { byteLimit: limit });
  if (manifest === null) throw broken(location, `${manifestPath}: ${issues[0]?.message ?? "unreadable"}`);
  return manifest;
}

async function sourceOfEntry(archive: Archive, entry: Entry, location: string): Promise<Source> {
  return {
    path: entry.path,
    from: `${location}#${entry.path}`,
    file: null,
    bytes: byteEntry({
      size: entry.size,
      position: null,
      // Opened when its turn comes: an entry that is deflated costs memory or disk while it is open.
      read: async (offset, length) => (await archive.open(entry)).read(offset, length),
    }),
    mode: ((entry.mode ?? 0) & 0o100) === 0 ? 0o644 : 0o755,
    modified: null,
  };
}

function broken(location: string, what: string): ArchiverError {
  return new ArchiverError("bad-archive", `${location} cannot be packed again: ${what}`);
}
