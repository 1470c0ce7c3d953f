import { crc32 } from "node:zlib";
import { AnomalyError } from "../../archive/archive.ts";
import { type ByteSource, memorySource, slice } from "../../archive/byte-source.ts";
import { defaultLimits, isRuinous } from "../../archive/limits.ts";
import { readTar } from "../../archive/tar-records.ts";
import type { ZipEntry } from "../../archive/zip-central.ts";
import { plainBytes, storedOrPacked, streamZipEntry } from "../../archive/zip-stream.ts";
import { packedBytes, readZip } from "../../archive/zip-records.ts";
import type { ModelFormat } from "../model-format.ts";
import { formatOfNames } from "../sniff-format.ts";
import { kindOf, magicSize } from "./magic.ts";
import { scanRecord } from "./scan-pickle.ts";
import type { Scanner, ScanTarget } from "./scanner.ts";
import { inMemory } from "./spool.ts";

/** torch's files: which of their records its own readers unpickle. */
const torchFormats: ReadonlySet<ModelFormat> = new Set(["torchscript", "torch-export", "torch-zip"]);

/** A ZIP inside of an archive: a torch file, NumPy's npz, or anything else. Both views of it must agree. */
export async function scanZip(scanner: Scanner, target: ScanTarget): Promise<boolean> {
  const { source, path } = target;
  const { entries, anomalies } = await readZip(source);
  for (const anomaly of anomalies.filter((one) => one.rule.startsWith("archive/"))) {
    const at = anomaly.at === null ? path : `${path}/${anomaly.at}`;
    scanner.report(
      "torch-archive",
      `${anomaly.rule.slice("archive/".length)}: ${anomaly.message.replace(/\.$/, "")}`,
      at,
    );
  }
  const files = entries.filter((entry) => entry.kind === "file");
  const format = formatOfNames(files.map((entry) => entry.path));
  if (torchFormats.has(format)) reportFolders(scanner, files, path);
  const zip = { format, isBomb: anomalies.some(isRuinous) };
  for (const entry of files) await scanEntry(scanner, target, entry, zip);
  return true;
}

interface ScannedZip {
  readonly format: ModelFormat;
  readonly isBomb: boolean;
}

/** torch writes everything into one folder; readers that look for `data.pkl` in another one see another model. */
function reportFolders(scanner: Scanner, entries: readonly ZipEntry[], path: string): void {
  const tops = new Set(entries.filter((entry) => entry.path.includes("/")).map((entry) => entry.path.split("/")[0]));
  if (tops.size > 1) {
    scanner.report("torch-archive", `torch file with several top folders: ${[...tops].slice(0, 5).join(", ")}`, path);
  }
}

async function scanEntry(scanner: Scanner, target: ScanTarget, entry: ZipEntry, zip: ScannedZip): Promise<void> {
  const { format } = zip;
  const path = `${target.path}/${entry.path}`;
  const inner: Omit<ScanTarget, "source"> = { path, critical: target.critical, depth: target.depth + 1 };
  const tensor =
    torchFormats.has(format) && /^[^/]+\/(?:data|constants|tensors|weights)\/(?!.*\.pkl$)/.test(entry.path);
  try {
    if (entry.method === "unsupported") throw unpackable(path);
    if (tensor && !(await isWorthwhile(target.source, entry))) return;
    const source =
      zip.isBomb && entry.method === "deflated" && entry.size > inMemory
        ? scanner.spool.replay(entry.size, () => scanner.metered(streamZipEntry(target.source, entry)))
        : await unpacked(scanner, target.source, entry, tensor);
    if (torchFormats.has(format) && !tensor && (await isPickle(source, entry.path))) {
      const torchscript = format === "torchscript";
      const context = { persistent: "torch", torchscript, allowed: scanner.settings.allowed } as const;
      await scanRecord(scanner, { ...inner, source }, context);
    } else {
      await scanner.scan({ ...inner, source, critical: target.critical && !tensor });
    }
  } catch (error) {
    if (!(error instanceof AnomalyError)) throw error;
    const message = error.anomaly.message.replace(/\.$/, "");
    if (error.anomaly.rule === "archive/crc-mismatch") scanner.report("torch-archive", message, path);
    else scanner.unscannable(message, { ...inner, source: target.source });
  }
}

/** A record that torch's readers unpickle, or that is a pickle under another name (`.debug_pkl`). */
async function isPickle(source: ByteSource, path: string): Promise<boolean> {
  if (/\.pkl$/i.test(path)) return true;
  return kindOf(await source.read(0, Math.min(magicSize, source.size))) === "pickle";
}

function unpackable(at: string): AnomalyError {
  return new AnomalyError({ rule: "archive/packing-method", message: "cannot be unpacked", at });
}

/** Tensors are looked at by their first bytes only: enough to see that they are a container or a pickle. */
async function isWorthwhile(source: ByteSource, entry: ZipEntry): Promise<boolean> {
  if (entry.method !== "stored") return true;
  const packed = packedBytes(source, entry);
  if (packed === null) return false;
  const [first = 0, second = 0, third = 0, fourth = 0] = await packed.read(0, Math.min(magicSize, packed.size));
  if (first === 0x80) return second >= 2 && second <= 5;
  return first === 0x50 && second === 0x4b && third === 3 && fourth === 4;
}

/** Records up to this are read once, for their checksum and for the scan. */
const smallRecord = 1 << 20;

/**
 * A record's plain bytes. The checksum of what is not a tensor is compared: records that are unpickled must be what the
 * container declares. (Those of tensors belong to the pass that reads every byte of the archive.)
 */
async function unpacked(scanner: Scanner, source: ByteSource, entry: ZipEntry, tensor: boolean): Promise<ByteSource> {
  scanner.budget.unpacked -= entry.method === "stored" ? 0 : entry.size;
  if (scanner.budget.unpacked < 0) throw unpackable(entry.path);
  if (entry.size <= smallRecord) {
    const bytes = await plainBytes(source, entry);
    if (!tensor) requireChecksum(crc32(bytes), entry);
    return memorySource(bytes);
  }
  if (!tensor) {
    let sum = 0;
    for await (const block of streamZipEntry(source, entry)) sum = crc32(block, sum);
    requireChecksum(sum, entry);
  }
  return entry.method === "stored"
    ? storedOrPacked(source, entry)
    : scanner.spool.source(streamZipEntry(source, entry));
}

function requireChecksum(sum: number, entry: ZipEntry): void {
  if (entry.crc32 === null || sum === entry.crc32) return;
  const message = "CRC-32 is not what the container declares";
  throw new AnomalyError({ rule: "archive/crc-mismatch", message, at: entry.path });
}

/** A tar file inside of an archive; torch wrote those before 0.1.10. */
export async function scanTar(scanner: Scanner, target: ScanTarget): Promise<boolean> {
  const { entries, anomalies } = await readTar(target.source, defaultLimits);
  for (const anomaly of anomalies) {
    if (anomaly.rule.startsWith("archive/")) scanner.unscannable(anomaly.message.replace(/\.$/, ""), target);
  }
  for (const entry of entries) {
    if (entry.kind !== "file") continue;
    if (entry.dataOffset + entry.size > target.source.size) continue;
    const source = slice(target.source, entry.dataOffset, entry.size);
    const path = `${target.path}/${entry.path}`;
    await scanner.scan({ source, path, critical: target.critical, depth: target.depth + 1 });
  }
  return true;
}
