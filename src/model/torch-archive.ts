import type { ByteSource } from "../archive/byte-source.ts";
import type { ZipEntry } from "../archive/zip-central.ts";
import { readCentral } from "../archive/zip-directory.ts";
import { packedBytes } from "../archive/zip-records.ts";
import { plainBytes } from "../archive/zip-stream.ts";
import { locateData } from "../archive/zip-walk.ts";
import { memorySource } from "../archive/byte-source.ts";
import { MalformedModel } from "./malformed.ts";
import type { ModelFormat } from "./model-format.ts";
import { formatOfNames } from "./sniff-format.ts";

/** A ZIP that torch wrote, by its records: names below the one top folder. */
export interface TorchArchive {
  readonly source: ByteSource;
  readonly format: ModelFormat;
  readonly records: ReadonlyMap<string, ZipEntry>;
  /** Contents of the records `version` and `byteorder`, where there are such. */
  readonly version: string | null;
  readonly byteorder: string | null;
}

const smallRecord = 1 << 10;
/** Unpacked records are held in memory; torch stores everything, so only foreign files come near. */
const unpackedLimit = 1 << 26;

/** Opens a torch ZIP. Throws MalformedModel when it is none. */
export async function readTorchArchive(source: ByteSource): Promise<TorchArchive> {
  // The second view belongs to the scan; over a network it would cost a request a record.
  const { entries } = await readCentral(source);
  const files = entries.filter((entry) => entry.kind === "file");
  const format = formatOfNames(files.map((entry) => entry.path));
  if (format === "unknown") throw new MalformedModel("no torch file");
  const records = new Map(files.map((entry) => [entry.path.slice(entry.path.indexOf("/") + 1), entry]));
  const text = async (name: string): Promise<string | null> => {
    const entry = records.get(name);
    if (entry === undefined || entry.size > smallRecord) return null;
    const record = await openRecord(source, entry);
    return Buffer.from(await record.read(0, record.size))
      .toString("utf8")
      .trim();
  };
  return { source, format, records, version: await text("version"), byteorder: await text("byteorder") };
}

/** A record's plain bytes, in place when it is stored. Throws AnomalyError or MalformedModel when they are not there. */
export async function openRecord(source: ByteSource, entry: ZipEntry): Promise<ByteSource> {
  await locateData(source, entry);
  const packed = entry.method === "stored" ? packedBytes(source, entry) : null;
  if (packed !== null) return packed;
  if (entry.size > unpackedLimit) throw new MalformedModel(`record ${entry.path} is packed and over 64 MB`);
  return memorySource(await plainBytes(source, entry));
}
