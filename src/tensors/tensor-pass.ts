import type { Archive, BlockWatcher, Entry } from "../archive/archive.ts";
import { blocks, type ByteSource } from "../archive/byte-source.ts";
import { type PlacedTensor, TensorDigester } from "./digester.ts";
import { readTensors, reasonOf, type TensorFile, type TensorReading } from "./read-tensors.ts";
import type { StoredTensor } from "./stored-tensor.ts";

/** A tensor by its content. */
export interface DigestedTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Null for elements in the usual order. */
  readonly strides: readonly number[] | null;
  /** Of the elements as they are stored. */
  readonly sha256: string;
}

/** The tensors of a file, or why there are none. */
export type DigestedFile = { readonly tensors: readonly DigestedTensor[] } | { readonly reason: string };

type Readings = ReadonlyMap<Entry, TensorReading & { close(): Promise<void> }>;

/** Digests the tensors of files from the one read that also digests the entries. */
export class TensorPass {
  readonly #readings: Readings;
  readonly #watching = new Map<Entry, TensorDigester>();
  #digests: Promise<ReadonlyMap<Entry, DigestedFile>> | undefined;

  private constructor(readings: Readings) {
    this.#readings = readings;
    const placed = new Map<Entry, PlacedTensor[]>();
    for (const reading of readings.values()) {
      if ("reason" in reading) continue;
      for (const tensor of reading.tensors) {
        const home = homeOf(tensor.source, reading.entries);
        if (home === null) continue;
        const own = placed.get(home.entry) ?? [];
        placed.set(home.entry, own);
        own.push({ tensor, offset: home.offset });
      }
    }
    for (const [entry, tensors] of placed) this.#watching.set(entry, new TensorDigester(tensors));
  }

  /** Reads the headers of `files`, entries of `archive`. */
  static async open(archive: Archive, files: readonly TensorFile[]): Promise<TensorPass> {
    const readings = new Map<Entry, TensorReading & { close(): Promise<void> }>();
    for (const file of files) readings.set(file.entry, await readTensors(archive, file));
    return new TensorPass(readings);
  }

  /** Where the tensors of a file lie: in itself, and in external data. */
  entriesOf(entry: Entry): readonly Entry[] {
    const reading = this.#readings.get(entry);
    return reading === undefined || "reason" in reading ? [] : [...new Set(reading.entries.values())];
  }

  /** For `archive.digests`. */
  watch(entry: Entry): BlockWatcher | null {
    const digester = this.#watching.get(entry);
    return digester === undefined ? null : (block, position) => digester.take(block, position);
  }

  /** After the read; what did not go by in it is read now, once. */
  digests(): Promise<ReadonlyMap<Entry, DigestedFile>> {
    this.#digests ??= this.#finish();
    return this.#digests;
  }

  async #finish(): Promise<ReadonlyMap<Entry, DigestedFile>> {
    const seen = new Map<StoredTensor, string>();
    for (const { digests } of this.#watching.values()) for (const [tensor, digest] of digests) seen.set(tensor, digest);
    const files = new Map<Entry, DigestedFile>();
    for (const [entry, reading] of this.#readings) {
      files.set(entry, "reason" in reading ? { reason: reading.reason } : await digestsOf(reading.tensors, seen));
    }
    return files;
  }

  async close(): Promise<void> {
    for (const reading of this.#readings.values()) await reading.close();
  }
}

/** The entry whose stream has the bytes of `source`, and where in it they begin; null where none is known to. */
function homeOf(
  source: ByteSource,
  entries: ReadonlyMap<ByteSource, Entry>,
): { readonly entry: Entry; readonly offset: number } | null {
  const own = entries.get(source);
  if (own !== undefined) return { entry: own, offset: 0 };
  const { position } = source;
  if (position === null) return null;
  for (const [whole, entry] of entries) {
    const offset = position.offset - (whole.position?.offset ?? 0);
    const within = offset >= 0 && offset + source.size <= whole.size;
    if (whole.position?.file === position.file && within) return { entry, offset };
  }
  return null;
}

async function digestsOf(
  tensors: readonly StoredTensor[],
  seen: ReadonlyMap<StoredTensor, string>,
): Promise<DigestedFile> {
  try {
    const missing = await digestDirectly(tensors.filter((tensor) => !seen.has(tensor)));
    return {
      tensors: tensors.map((tensor) => {
        const { name, dtype, shape, strides } = tensor;
        const sha256 = seen.get(tensor) ?? missing.get(tensor);
        if (sha256 === undefined) throw new Error(`the bytes of ${name} did not go by`);
        return { name, dtype, shape, strides, sha256 };
      }),
    };
  } catch (error) {
    if (error instanceof RangeError) return { reason: "the file is cut off" };
    return { reason: await reasonOf(error) };
  }
}

async function digestDirectly(tensors: readonly StoredTensor[]): Promise<ReadonlyMap<StoredTensor, string>> {
  const bySource = new Map<ByteSource, PlacedTensor[]>();
  for (const tensor of tensors) {
    const placed = bySource.get(tensor.source) ?? [];
    bySource.set(tensor.source, placed);
    placed.push({ tensor, offset: 0 });
  }
  const found = new Map<StoredTensor, string>();
  for (const [source, placed] of bySource) {
    const digester = new TensorDigester(placed);
    let at = digester.span.start;
    for await (const block of blocks(source, at, digester.span.end)) {
      digester.take(block, at);
      at += block.length;
    }
    for (const [tensor, digest] of digester.digests) found.set(tensor, digest);
  }
  return found;
}
