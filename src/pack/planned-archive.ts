import type { Archive, Digests, Entry } from "../archive/archive.ts";
import { blocks, type ByteSource, memorySource } from "../archive/byte-source.ts";
import { digestLater } from "../archive/digest-later.ts";
import { nodeDisk } from "../archive/disk.ts";
import type { OpenSource } from "../archive/entry-source.ts";
import { defaultLimits } from "../archive/limits.ts";
import { type Manifest, manifestPath } from "../manifest/manifest.ts";
import { serializeJson } from "../manifest/serialize.ts";
import type { Source } from "./source.ts";

export type PlannedFile = Pick<Source, "path" | "file" | "bytes">;

/** What will be packed, as an archive that can be looked at before it is written; its manifest is still without digests. */
export function plannedArchive(sources: readonly PlannedFile[], manifest: Manifest): Archive {
  const byEntry = new Map<Entry, () => Promise<ByteSource>>();
  const opened: OpenSource[] = [];
  const add = (path: string, size: number, open: () => Promise<ByteSource>): void => {
    const facts = { size, packedSize: size, method: "stored", mode: null, crc32: null } as const;
    byEntry.set({ path, kind: "file", ...facts }, once(open));
  };
  for (const { path, file, bytes } of sources) {
    add(path, bytes.size, async () => {
      const open = await bytes.open(nodeDisk);
      opened.push(open);
      return readable(open, bytes.size, file);
    });
  }
  const text = Buffer.from(serializeJson(manifest));
  add(manifestPath, text.length, async () => memorySource(text));
  const open: Archive["open"] = (entry) => {
    const source = byEntry.get(entry);
    if (source === undefined) throw new TypeError(`${entry.path} is not planned`);
    return source();
  };
  async function* stream(entry: Entry): AsyncGenerator<Uint8Array> {
    yield* blocks(await open(entry));
  }
  const entries = [...byEntry.keys()];
  const anomalies: Archive["anomalies"] = [];
  const size = entries.reduce((sum, entry) => sum + entry.size, 0);
  const location = manifest.model.modelName;
  let digests: Promise<Digests> | undefined;
  return {
    location,
    container: "directory",
    size,
    entries,
    anomalies,
    open,
    stream,
    digests: (watch) =>
      (digests ??= digestLater({
        size,
        entries,
        anomalies,
        limits: defaultLimits,
        open,
        stream,
        inPlace: open,
        watch,
      })),
    async close() {
      for (const source of opened.splice(0)) await source.close();
    },
  };
}

function readable(open: OpenSource, size: number, file: string | null): ByteSource {
  return {
    size,
    position: file === null ? null : { file, offset: 0 },
    async read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > size) {
        throw new RangeError(`bytes ${offset}..${offset + length} are outside of ${size}`);
      }
      const bytes = new Uint8Array(length);
      if (length > 0) await open.read(bytes, offset);
      return bytes;
    },
    readInto: (target, offset) => open.read(target, offset),
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
