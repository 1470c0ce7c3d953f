import type { Archive } from "../archive/archive.ts";
import { bareArchive } from "../archive/bare.ts";
import { defaultLimits } from "../archive/limits.ts";
import { isModelZip } from "../archive/zip-content.ts";
import { zipArchive } from "../archive/zip-reader.ts";
import { readDirectoryOnly } from "../archive/zip-records.ts";
import { ArchiverError } from "../errors.ts";
import { remoteSource } from "./blob-source.ts";
import { type FilePlan, readArtifact } from "./model-pack.ts";
import { openStore } from "./open-store.ts";
import { parseReference } from "./reference.ts";
import type { RegistrySettings } from "./registry.ts";
import type { Store, StoredManifest } from "./store.ts";

export interface Found {
  readonly store: Store;
  readonly manifest: StoredManifest;
  readonly plan: FilePlan;
}

/** Finds the artifact and what its file is made of. Throws ArchiverError `no-such-artifact` or `bad-artifact`. */
export async function findArtifact(location: string, settings: RegistrySettings): Promise<Found> {
  const reference = parseReference(location);
  const store = openStore(reference, settings);
  const manifest = await store.getManifest(reference.name);
  if (manifest === null) throw new ArchiverError("no-such-artifact", `${location} is not there.`);
  const plan = readArtifact(manifest.bytes);
  if (typeof plan === "string") throw new ArchiverError("bad-artifact", `${location}: ${plan}`);
  return { store, manifest, plan };
}

/** Opens the archive at `oci://…` by ranges: directory, manifest and model headers are all that is fetched. */
export async function openRemote(location: string, settings: RegistrySettings): Promise<Archive> {
  return remoteArchive(location, await findArtifact(location, settings), settings);
}

/** As `openRemote`, of an artifact that is found already. */
export async function remoteArchive(location: string, found: Found, settings: RegistrySettings): Promise<Archive> {
  const { store, plan } = found;
  const source = remoteSource(store, plan, { signal: settings.signal, retry: settings.retry });
  const file = { ...source, close: async (): Promise<void> => {} };
  const options = { limits: defaultLimits, signal: settings.signal };
  const zip = await readDirectoryOnly(source);
  const partly = "read in parts from a registry, without the local headers";
  if (zip.entries.length === 0 || isModelZip(zip.entries)) return bareArchive(location, file, [], options);
  return zipArchive(location, file, zip, options, partly);
}
