import { createGunzip, createInflate } from "node:zlib";
import { AnomalyError } from "../../archive/archive.ts";
import { blocks, type ByteSource, slice } from "../../archive/byte-source.ts";
import type { ContentKind } from "./magic.ts";
import { unpackBzip2 } from "./unpack/bzip2.ts";
import { unpackLz4 } from "./unpack/lz4.ts";
import { unpackLzma } from "./unpack/lzma.ts";
import { unpackXz } from "./unpack/xz.ts";
import { scanGuess } from "./scan-pickle.ts";
import type { Scanner, ScanTarget } from "./scanner.ts";

/** One compressed file, as joblib and pandas write them; what comes out is scanned in its place. */
export async function scanCompressed(scanner: Scanner, kind: ContentKind, target: ScanTarget): Promise<boolean> {
  const unpacker = unpackers[kind];
  if (unpacker === undefined) {
    scanner.unscannable(`is compressed with ${kind}, which cannot be looked into`, target);
    return true;
  }
  let source: ByteSource;
  try {
    source = await scanner.spool.source(metered(scanner, unpacker(target.source)));
  } catch (error) {
    if (error instanceof AnomalyError) throw error;
    if (kind === "zlib" || kind === "lzma" || kind === "bzip2") return scanGuess(scanner, target);
    scanner.unscannable(`cannot be unpacked (${kind})`, target);
    return true;
  }
  await scanner.scan({ ...target, source, depth: target.depth + 1 });
  return true;
}

type Unpacker = (source: ByteSource) => AsyncIterable<Uint8Array>;

const unpackers: Readonly<Partial<Record<ContentKind, Unpacker>>> = {
  gzip: (source) => through(source, createGunzip()),
  zlib: (source) => through(source, createInflate()),
  zfile: async function* (source) {
    // "ZF" and the length in hexadecimal, 19 characters of it, sometimes a blank; zlib data follows.
    const head = await source.read(0, Math.min(source.size, 22));
    const start = head[21] === 0x20 ? 22 : 21;
    yield* through(slice(source, start, source.size - start), createInflate());
  },
  bzip2: (source) => whole(source, unpackBzip2),
  xz: (source) => whole(source, unpackXz),
  lzma: (source) => whole(source, unpackLzma),
  lz4: (source) => whole(source, unpackLz4),
};

/** Formats that Node does not know are unpacked in memory, within these limits. */
const packedLimit = 1 << 26;
const unpackedLimit = 1 << 27;

async function* whole(
  source: ByteSource,
  unpack: (bytes: Uint8Array, limit: number) => Uint8Array,
): AsyncGenerator<Uint8Array> {
  if (source.size > packedLimit) {
    throw new AnomalyError({ rule: "archive/limits", message: "is too large to be unpacked in memory", at: null });
  }
  yield unpack(await source.read(0, source.size), unpackedLimit);
}

async function* through(source: ByteSource, engine: ReturnType<typeof createGunzip>): AsyncGenerator<Uint8Array> {
  const feed = async (): Promise<void> => {
    for await (const block of blocks(source, 0, source.size, 1 << 16)) {
      if (engine.destroyed) return;
      if (!engine.write(block)) await new Promise((resolve) => engine.once("drain", resolve).once("close", resolve));
    }
    engine.end();
  };
  const feeding = feed().catch((error: unknown) => {
    engine.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    for await (const block of engine) if (block instanceof Uint8Array) yield block;
    await feeding;
  } finally {
    engine.destroy();
  }
}

/** Counts what comes out against the scan's budget: a bomb ends here. */
async function* metered(scanner: Scanner, stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const block of stream) {
    scanner.budget.unpacked -= block.length;
    if (scanner.budget.unpacked < 0) {
      throw new AnomalyError({ rule: "archive/bomb", message: "unpacks to more than 4 GiB", at: null });
    }
    yield block;
  }
}
