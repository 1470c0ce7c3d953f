import { createGunzip, createInflate, type Gunzip, type Inflate } from "node:zlib";
import { AnomalyError } from "../../archive/archive.ts";
import { type ByteSource, slice } from "../../archive/byte-source.ts";
import { feed } from "../../archive/feed.ts";
import { defaultLimits, isBomb } from "../../archive/limits.ts";
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
    source = await unpacked(scanner, target.source, unpacker);
  } catch (error) {
    if (error instanceof AnomalyError) throw error;
    if (kind === "zlib" || kind === "lzma" || kind === "bzip2") return scanGuess(scanner, target);
    scanner.unscannable(`cannot be unpacked (${kind})`, target);
    return true;
  }
  await scanner.scan({ ...target, source, depth: target.depth + 1 });
  return true;
}

/** A bomb is read as it is unpacked; it would fill the disk. */
async function unpacked(scanner: Scanner, packed: ByteSource, unpacker: Unpacker): Promise<ByteSource> {
  const start = (): AsyncIterable<Uint8Array> => scanner.metered(unpacker(packed));
  try {
    return await scanner.spool.source(harmless(packed.size, start()));
  } catch (error) {
    if (!(error instanceof BombError)) throw error;
  }
  let size = 0;
  for await (const block of start()) size += block.length;
  return scanner.spool.replay(size, start);
}

class BombError extends Error {}

async function* harmless(packedSize: number, stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const block of stream) {
    size += block.length;
    if (isBomb(packedSize, size, defaultLimits)) throw new BombError();
    yield block;
  }
}

type Unpacker = (source: ByteSource) => AsyncIterable<Uint8Array>;

const chunkSize = 1 << 18;

const unpackers: Readonly<Partial<Record<ContentKind, Unpacker>>> = {
  gzip: (source) => through(source, createGunzip({ chunkSize })),
  zlib: (source) => through(source, createInflate({ chunkSize })),
  zfile: async function* (source) {
    // "ZF" and the length in hexadecimal, 19 characters of it, sometimes a blank; zlib data follows.
    const head = await source.read(0, Math.min(source.size, 22));
    const start = head[21] === 0x20 ? 22 : 21;
    yield* through(slice(source, start, source.size - start), createInflate({ chunkSize }));
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

async function* through(source: ByteSource, engine: Gunzip | Inflate): AsyncGenerator<Uint8Array> {
  void feed(source, engine);
  try {
    for await (const block of engine) if (block instanceof Uint8Array) yield block;
  } finally {
    engine.destroy();
  }
}
