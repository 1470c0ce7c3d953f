import type { Archive, Entry } from "../archive/archive.ts";
import { blocks, type ByteSource, memorySource } from "../archive/byte-source.ts";
import { nodeDisk } from "../archive/disk.ts";
import type { EntrySource, OpenSource } from "../archive/entry-source.ts";
import { archiveSubject } from "../checks/archive-subject.ts";
import type { Subject } from "../checks/subject.ts";
import { buildManifest } from "../manifest/build.ts";
import { manifestPath } from "../manifest/manifest.ts";
import { serializeJson } from "../manifest/serialize.ts";
import { type Plan, planArchive } from "../pack/plan.ts";
import type { Recipe } from "../pack/recipe.ts";

/** What checks would look at if this were packed; nothing is written. Throws ArchiverError for what cannot be. */
export async function plannedSubject(recipe: Recipe, cwd: string): Promise<Subject> {
  const names = { modelName: "model", version: "1.0", handler: "base_handler" };
  const given = Object.fromEntries(Object.entries(recipe).filter(([, value]) => value !== undefined));
  const plan = await planArchive({ ...names, ...given }, null, { cwd, env: {}, now: () => new Date(0) });
  return archiveSubject(plannedArchive(plan));
}

/** A plan as the archive that it would become, read from where its inputs lie. */
function plannedArchive(plan: Plan): Archive {
  const manifest = memorySource(Buffer.from(serializeJson(buildManifest(plan.manifest))));
  const sources = new Map<Entry, EntrySource | ByteSource>([
    ...plan.entries.map(({ path, mode, source }) => [entryOf(path, mode, source.size), source] as const),
    [entryOf(manifestPath, 0o644, manifest.size), manifest],
  ]);
  const open = async (entry: Entry): Promise<ByteSource> => {
    const source = sources.get(entry);
    if (source === undefined) throw new RangeError(`${entry.path} is not planned`);
    return "open" in source ? readable(source) : source;
  };
  return {
    location: plan.output,
    container: "directory",
    size: [...sources.keys()].reduce((sum, { size }) => sum + size, 0),
    entries: [...sources.keys()],
    anomalies: [],
    open,
    stream: async function* (entry) {
      yield* blocks(await open(entry));
    },
    digests: async () => ({ of: new Map(), anomalies: [], refused: "nothing is packed yet" }),
    close: async () => {},
  };
}

function entryOf(path: string, mode: number, size: number): Entry {
  return { path, kind: "file", size, packedSize: size, method: "stored", mode, crc32: null };
}

/** Each read opens the file for itself: what is looked at here are headers and texts. */
function readable(source: EntrySource): ByteSource {
  return {
    size: source.size,
    position: null,
    async read(offset, length) {
      const block = new Uint8Array(length);
      const opened: OpenSource = await source.open(nodeDisk);
      try {
        if (length > 0) await opened.read(block, offset);
      } finally {
        await opened.close();
      }
      return block;
    },
  };
}
