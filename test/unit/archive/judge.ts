import { memorySource } from "../../../src/archive/byte-source.ts";
import type { Archive } from "../../../src/archive/archive.ts";
import { openArchive, type OpenOptions } from "../../../src/archive/open.ts";
import { readZip } from "../../../src/archive/zip-records.ts";

/** The rules that a ZIP's structure breaks, each once, sorted. */
export async function zipRules(bytes: Uint8Array): Promise<string[]> {
  const { anomalies } = await readZip(memorySource(bytes));
  return [...new Set(anomalies.map(({ rule }) => rule))].toSorted();
}

/** The rules that an archive on disk breaks, its content included. */
export async function fileRules(location: string, options: OpenOptions = {}): Promise<string[]> {
  const archive = await openArchive(location, options);
  try {
    return await archiveRules(archive);
  } finally {
    await archive.close();
  }
}

export async function archiveRules(archive: Archive): Promise<string[]> {
  const { anomalies } = await archive.digests();
  return [...new Set([...archive.anomalies, ...anomalies].map(({ rule }) => rule))].toSorted();
}
