import type { Digest, Entry } from "../archive/archive.ts";
import type { SealEntry, WrittenEntry } from "../archive/written-archive.ts";
import { bomText, buildBom } from "../bom/bom.ts";
import { bomPath } from "../bom/cyclonedx.ts";
import { buildManifest } from "../manifest/build.ts";
import type { Plan } from "./plan.ts";
import { plannedArchive } from "./planned-archive.ts";

/** The bill of materials of what was just written and digested, as an entry: the text that `bom` gives of the archive. */
export async function packedBom(plan: Plan, written: readonly WrittenEntry[]): Promise<SealEntry> {
  const files = plan.entries.map(({ path, source }) => ({ path, file: null, bytes: source }));
  const archive = plannedArchive(files, buildManifest(plan.manifest));
  const sums = new Map(written.map((entry) => [entry.path, entry]));
  const of = new Map<Entry, Digest>();
  for (const entry of archive.entries) {
    const sum = sums.get(entry.path);
    if (sum) of.set(entry, sum);
  }
  const digests = async () => ({ of, anomalies: [], refused: null });
  try {
    const bom = await buildBom({ ...archive, digests }, { packed: true });
    return { path: bomPath, bytes: Buffer.from(bomText(bom)) };
  } finally {
    await archive.close();
  }
}
