import { type ByteSource, memorySource, slice } from "../../archive/byte-source.ts";
import { AnomalyError } from "../../archive/archive.ts";
import type { ZipEntry } from "../../archive/zip-central.ts";
import { readCentral } from "../../archive/zip-directory.ts";
import { recordOf } from "../../archive/zip-small.ts";
import { MalformedModel } from "../../model/malformed.ts";
import { invalid } from "../lowering-error.ts";

const localHeader = 30;
/** PyTorch pads the extra field of a record so that its bytes start at a multiple of 64. */
const usualExtra = 96;

/** Code and pickles may be deflated, tensors never are. */
const largestInflated = 1 << 28;

const largestPrefetch = 1 << 24;

/** The directory alone: torch's readers look nowhere else, and the checks of the container judge the rest. */
async function entriesOf(source: ByteSource): Promise<readonly ZipEntry[]> {
  const { directory, entries, anomalies } = await readCentral(source);
  if (directory === null) throw new MalformedModel(anomalies[0]?.message ?? "no ZIP");
  return entries;
}

/** The records of a file that `torch.jit.save`, `torch.export.save` or `torch.save` wrote: a ZIP, tensors stored. */
export class TorchZip {
  readonly #source: ByteSource;
  readonly #records: ReadonlyMap<string, ZipEntry>;
  #ahead: { readonly start: number; readonly bytes: Uint8Array } = { start: 0, bytes: new Uint8Array(0) };

  private constructor(source: ByteSource, records: ReadonlyMap<string, ZipEntry>) {
    this.#source = source;
    this.#records = records;
  }

  /** Throws MalformedModel where the directory cannot be read, LoweringError where it is not a torch file's. */
  static async open(source: ByteSource): Promise<TorchZip> {
    const entries = await entriesOf(source);
    // PyTorch's own writer puts everything in one folder; `torch.export.save` up to 2.6 used Python's zipfile without.
    const flat = entries.some(({ path }) => !path.includes("/"));
    const top = flat ? "" : `${entries[0]?.path.split("/")[0] ?? ""}/`;
    const records = new Map<string, ZipEntry>();
    for (const entry of entries) {
      if (entry.path.startsWith(top)) records.set(entry.path.slice(top.length), entry);
    }
    return new TorchZip(source, records);
  }

  /** Reads these records at once where they lie close together, so that each need not be read by itself. */
  async prefetch(names: readonly string[]): Promise<void> {
    const entries = names.flatMap((name) => this.#records.get(name) ?? []);
    if (entries.length < 2) return;
    const start = Math.min(...entries.map(({ offset }) => offset));
    const slack = localHeader + usualExtra;
    const ends = entries.map(({ offset, packedSize, path }) => offset + packedSize + Buffer.byteLength(path) + slack);
    const end = Math.min(Math.max(...ends), this.#source.size);
    if (start < 0 || end <= start || end - start > largestPrefetch) return;
    this.#ahead = { start, bytes: await this.#source.read(start, end - start) };
  }

  async #read(offset: number, length: number): Promise<Uint8Array> {
    const { start, bytes } = this.#ahead;
    if (offset >= start && offset + length <= start + bytes.length) {
      return bytes.subarray(offset - start, offset - start + length);
    }
    return this.#source.read(offset, length);
  }

  /** Names of the records, without the top folder. */
  get names(): Iterable<string> {
    return this.#records.keys();
  }

  has(name: string): boolean {
    return this.#records.has(name);
  }

  /** Bytes of a record; 0 when there is none. */
  sizeOf(name: string): number {
    return this.#records.get(name)?.size ?? 0;
  }

  /** The bytes of a record, in place, and its first ones, which came with the same read. */
  async record(name: string, headBytes = 0): Promise<{ source: ByteSource; head: Uint8Array | null }> {
    const entry = this.#records.get(name);
    if (entry === undefined) throw invalid(`the file has no record ${name}`);
    if (entry.method === "unsupported") throw invalid(`the record ${name} is packed in a way of its own`);
    if (entry.size > largestInflated && entry.method === "deflated") throw invalid(`the record ${name} is compressed`);
    if (headBytes === 0 && entry.method === "stored" && entry.dataOffset !== null) {
      // Whoever compared the two views of the file has read the local header.
      return { source: this.#stored(entry, entry.dataOffset), head: null };
    }
    const wanted = localHeader + Buffer.byteLength(entry.path) + usualExtra + headBytes;
    const start = await this.#read(entry.offset, Math.min(wanted, this.#source.size - entry.offset));
    const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
    if (start.length < localHeader || view.getUint32(0, true) !== 0x04034b50) {
      throw invalid(`the record ${name} has no local header`);
    }
    const skip = localHeader + view.getUint16(26, true) + view.getUint16(28, true);
    const offset = entry.offset + skip;
    if (offset + entry.packedSize > this.#source.size) throw invalid(`the record ${name} is cut off`);
    if (entry.method === "deflated") {
      const packed =
        start.length >= skip + entry.packedSize
          ? start.subarray(skip, skip + entry.packedSize)
          : await this.#read(offset, entry.packedSize);
      const bytes = this.#unpacked(entry, packed);
      return { source: memorySource(bytes), head: bytes };
    }
    const source = this.#stored(entry, offset);
    const count = Math.min(headBytes, entry.size);
    const head = start.length >= skip + count ? start.subarray(skip, skip + count) : null;
    return { source, head };
  }

  #stored(entry: ZipEntry, offset: number): ByteSource {
    if (offset + entry.size > this.#source.size) throw invalid(`the record ${entry.path} is cut off`);
    return slice(this.#source, offset, entry.size);
  }

  #unpacked(entry: ZipEntry, packed: Uint8Array): Uint8Array {
    try {
      return recordOf(this.#source, entry, packed);
    } catch (error) {
      if (!(error instanceof AnomalyError)) throw error;
      throw invalid(`the record ${entry.path} does not unpack to its ${entry.size} bytes`);
    }
  }

  async bytes(name: string, limit: number): Promise<Uint8Array> {
    if (this.sizeOf(name) > limit) throw invalid(`the record ${name} is larger than ${limit} bytes`);
    const { source, head } = await this.record(name, Math.min(this.sizeOf(name), 1 << 16));
    return head !== null && head.length === source.size ? head : source.read(0, source.size);
  }

  async text(name: string, limit = 1 << 24): Promise<string> {
    return new TextDecoder().decode(await this.bytes(name, limit));
  }
}
