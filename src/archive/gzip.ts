import { open as openForWriting } from "node:fs/promises";
import { join } from "node:path";
import { crc32, createInflateRaw } from "node:zlib";
import type { Anomaly } from "./archive.ts";
import { AnomalyError } from "./archive.ts";
import type { ByteSource } from "./byte-source.ts";
import { memorySource, slice } from "./byte-source.ts";
import { openFile, translated } from "./file-source.ts";
import { feed } from "./feed.ts";
import type { Limits } from "./limits.ts";
import { isBomb } from "./limits.ts";
import type { PrivateFolder } from "./private-folder.ts";
import { privateFolder } from "./private-folder.ts";

/** What a gzip file holds, in memory or in a private folder. */
export interface Gunzipped {
  readonly source: ByteSource;
  readonly anomalies: readonly Anomaly[];
  close(): Promise<void>;
}

const inMemory = 32 << 20;

/** Bytes of the member header (RFC 1952, 2.3), or null where it is none. */
async function headerLength(source: ByteSource): Promise<number | null> {
  const bytes = await source.read(0, Math.min(source.size, 1 << 17));
  const [first, second, method, flags = 0xff] = bytes;
  if (first !== 0x1f || second !== 0x8b || method !== 8 || (flags & 0xe0) !== 0 || bytes.length < 18) return null;
  let at = 10;
  if ((flags & 4) !== 0) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
  for (const bit of [8, 16]) {
    if ((flags & bit) === 0) continue;
    const end = bytes.indexOf(0, at);
    if (end < 0) return null;
    at = end + 1;
  }
  if ((flags & 2) !== 0) {
    const declared = (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
    if (declared !== (crc32(bytes.subarray(0, at)) & 0xffff)) return null;
    at += 2;
  }
  return at < source.size ? at : null;
}

/** Unpacks a gzip file as far as it goes; whatever is wrong with it is an anomaly. */
export async function gunzip(source: ByteSource, limits: Limits, tmpDir: string | undefined): Promise<Gunzipped> {
  const anomalies: Anomaly[] = [];
  const report = (rule: string, message: string): void => void anomalies.push({ rule, message, at: null });
  const sink = new Sink(tmpDir);
  const start = await headerLength(source);
  if (start === null) {
    report("archive/gzip", "The gzip header is damaged.");
    return { ...(await sink.finish()), anomalies };
  }
  try {
    const { consumed, crc } = await unpack(slice(source, start, source.size - start), source.size, limits, sink);
    await reportTrailer(source, start + consumed, crc, sink.size, report);
  } catch (error) {
    if (!(error instanceof AnomalyError)) {
      await (await sink.finish()).close();
      throw error;
    }
    anomalies.push(error.anomaly);
  }
  return { ...(await sink.finish()), anomalies };
}

async function unpack(
  packed: ByteSource,
  whole: number,
  limits: Limits,
  sink: Sink,
): Promise<{ consumed: number; crc: number }> {
  const engine = createInflateRaw({ chunkSize: 1 << 18 });
  void feed(packed, engine);
  let crc = 0;
  try {
    for await (const block of engine) {
      if (!(block instanceof Uint8Array)) continue;
      crc = crc32(block, crc);
      if (isBomb(whole, sink.size + block.length, limits) || sink.size + block.length > limits.unpackedBytes) {
        const message = `${whole} bytes unpack to more than ${sink.size}.`;
        throw new AnomalyError({ rule: "archive/bomb", message, at: null });
      }
      await sink.write(block);
    }
  } catch (error) {
    const damaged = error instanceof Error && "code" in error && String(error.code).startsWith("Z_");
    if (!damaged) throw error;
    const message = `The gzip data cannot be unpacked: ${error.message}.`;
    throw new AnomalyError({ rule: "archive/gzip", message, at: null });
  } finally {
    engine.destroy();
  }
  return { consumed: engine.bytesWritten, crc };
}

async function reportTrailer(
  source: ByteSource,
  at: number,
  crc: number,
  size: number,
  report: (rule: string, message: string) => void,
): Promise<void> {
  if (at + 8 > source.size) {
    report("archive/truncated", "The gzip file ends before its checksum.");
    return;
  }
  const trailer = Buffer.from(await source.read(at, 8));
  if (trailer.readUInt32LE(0) !== crc) report("archive/crc-mismatch", "The gzip file's CRC-32 does not fit its data.");
  if (trailer.readUInt32LE(4) !== size % 2 ** 32)
    report("archive/gzip", "The gzip file's size field does not fit its data.");
  const rest = source.size - at - 8;
  if (rest === 0) return;
  const [first, second] = await source.read(at + 8, Math.min(2, rest));
  const member = first === 0x1f && second === 0x8b;
  report(
    member ? "archive/gzip" : "archive/trailing-bytes",
    member ? "A second gzip member follows, which some readers ignore." : `${rest} bytes follow the gzip data.`,
  );
}

/** Takes bytes into memory, and into a file of a private folder once they are many. */
class Sink {
  size = 0;
  readonly #tmpDir: string | undefined;
  #parts: Uint8Array[] = [];
  #folder: PrivateFolder | undefined;
  #file: Awaited<ReturnType<typeof openForWriting>> | undefined;

  constructor(tmpDir: string | undefined) {
    this.#tmpDir = tmpDir;
  }

  async write(block: Uint8Array): Promise<void> {
    this.size += block.length;
    this.#parts.push(block);
    if (this.#file === undefined && this.size <= inMemory) return;
    if (this.#file === undefined) {
      this.#folder = await privateFolder(this.#tmpDir);
      this.#file = await openForWriting(join(this.#folder.path, "unpacked.tar"), "wx", 0o600);
    }
    try {
      for (const part of this.#parts.splice(0)) await this.#file.writeFile(part);
    } catch (error) {
      throw translated(error, this.#folder?.path ?? "");
    }
  }

  async finish(): Promise<{ source: ByteSource; close(): Promise<void> }> {
    const folder = this.#folder;
    if (folder === undefined || this.#file === undefined) {
      return { source: memorySource(Buffer.concat(this.#parts.splice(0), this.size)), close: async () => {} };
    }
    await this.#file.close();
    const source = await openFile(join(folder.path, "unpacked.tar"));
    return {
      source,
      async close() {
        await source.close();
        await folder.remove();
      },
    };
  }
}
