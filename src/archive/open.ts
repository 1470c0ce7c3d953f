import { stat } from "node:fs/promises";
import type { Anomaly, Archive } from "./archive.ts";
import { bareArchive } from "./bare.ts";
import { openDirectory } from "./directory.ts";
import type { FileSource } from "./file-source.ts";
import { openFile, translated } from "./file-source.ts";
import type { Limits } from "./limits.ts";
import { defaultLimits } from "./limits.ts";
import type { OpenSettings } from "./settings.ts";
import { openTar, openTarGz } from "./tar.ts";
import { startsTar } from "./tar-records.ts";
import { isModelZip } from "./zip-content.ts";
import { signature, view } from "./zip-format.ts";
import { zipArchive } from "./zip-reader.ts";
import { readZip } from "./zip-records.ts";

export interface OpenOptions {
  /** Raises single limits. */
  readonly limits?: Partial<Limits>;
  /** Where private folders are made; the system's temporary folder when left out. */
  readonly tmpDir?: string;
  /** For URLs: fetch the whole file when the server cannot send ranges. */
  readonly download?: boolean;
  /** For URLs: fetch the whole file in any case, as a verdict needs it. */
  readonly whole?: boolean;
  readonly signal?: AbortSignal;
}

/** Suffixes that say "archive"; only for the wording of what is none. The container itself is told by content. */
const archiveSuffix = /\.(?:mar|zip|tar|tgz|tar\.gz|war|model)$/iu;

/**
 * Opens an archive, an unpacked folder, or a bare model file, told by its content. Lists what is there, hostile names
 * too; never throws for what the bytes say. Throws ArchiverError when the location cannot be read.
 */
export async function openArchive(location: string, options: OpenOptions = {}): Promise<Archive> {
  const settings: OpenSettings = { ...options, limits: { ...defaultLimits, ...options.limits } };
  if (/^https?:\/\//iu.test(location)) {
    const { openHttp } = await import("./http-archive.ts");
    return openHttp(location, settings, (file) => openLocal(file, settings));
  }
  return openLocal(location, settings);
}

async function openLocal(location: string, settings: OpenSettings): Promise<Archive> {
  const stats = await stat(location).catch((error: unknown) => {
    throw translated(error, location);
  });
  if (stats.isDirectory()) return openDirectory(location, settings);
  const file = await openFile(location);
  try {
    return await openContainer(location, file, settings);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openContainer(location: string, file: FileSource, settings: OpenSettings): Promise<Archive> {
  const head = await file.read(0, Math.min(file.size, 512));
  const named = archiveSuffix.test(location);
  if (startsZip(head) || (await endsZip(file, named))) {
    const zip = await readZip(file, settings.limits);
    if (isModelZip(zip.entries)) return bareArchive(location, file, zip.anomalies.filter(concernsModels), settings);
    return zipArchive(location, file, zip, settings);
  }
  if (head[0] === 0x1f && head[1] === 0x8b && (named || /gz$/iu.test(location))) {
    return openTarGz(location, file, settings);
  }
  if (startsTar(head)) return openTar(location, file, settings);
  const anomalies: Anomaly[] = [];
  if (named) {
    const message = file.size === 0 ? "The file is empty." : "The file is neither ZIP nor tar, whatever its name says.";
    anomalies.push({ rule: "archive/not-an-archive", message, at: null });
  }
  return bareArchive(location, file, anomalies, settings);
}

/** No server opens a bare model file, so what servers cannot read does not matter. */
function concernsModels(anomaly: Anomaly): boolean {
  return anomaly.rule.startsWith("archive/");
}

/** A local header, or the end record of a ZIP without entries. */
function startsZip(head: Uint8Array): boolean {
  if (head.length < 4) return false;
  const first = view(head).getUint32(0, true);
  return first === signature.local || first === signature.end;
}

/**
 * A ZIP that something was put before: readers that start at the end find it. In a file that calls itself an archive
 * any end record counts, in another only one that the file really ends with.
 */
async function endsZip(file: FileSource, named: boolean): Promise<boolean> {
  const length = Math.min(file.size, 22 + 0xffff);
  const tail = Buffer.from(await file.read(file.size - length, length));
  const at = tail.lastIndexOf("PK\x05\x06", undefined, "latin1");
  if (at < 0 || named) return at >= 0;
  if (at + 22 > tail.length || at + 22 + tail.readUInt16LE(at + 20) !== tail.length) return false;
  return tail.readUInt16LE(at + 10) > 0;
}
