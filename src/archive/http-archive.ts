import { open as openForWriting } from "node:fs/promises";
import { basename, join } from "node:path";
import { ArchiverError } from "../errors.ts";
import type { Archive } from "./archive.ts";
import { translated } from "./file-source.ts";
import { NoRanges, openRanges } from "./http-range.ts";
import { failed, isHttp, request, shown } from "./http-request.ts";
import { privateFolder } from "./private-folder.ts";
import type { OpenSettings } from "./settings.ts";
import { signature, view } from "./zip-format.ts";
import { zipArchive } from "./zip-reader.ts";
import { readDirectoryOnly } from "./zip-records.ts";

export interface HttpSettings extends OpenSettings {
  /** Fetch the whole file when the server cannot send parts of it. */
  readonly download?: boolean | undefined;
  /** Fetch the whole file in any case. */
  readonly whole?: boolean | undefined;
}

/** Opens a file that has been fetched. */
type OpenLocal = (file: string) => Promise<Archive>;

/** Opens the archive at an http(s) URL, by ranges as long as nothing asks for all of it. */
export async function openHttp(location: string, settings: HttpSettings, openLocal: OpenLocal): Promise<Archive> {
  if (!URL.canParse(location) || !isHttp(new URL(location))) {
    throw new ArchiverError("usage", `${location} is no http or https URL.`);
  }
  const url = new URL(location);
  if (settings.whole === true) return fetchWhole(url, location, settings, openLocal);
  try {
    return await openParts(url, location, settings);
  } catch (error) {
    if (!(error instanceof NoRanges)) throw error;
    if (settings.download === true) return fetchWhole(url, location, settings, openLocal);
    const size = error.size === null ? "of a size it does not tell" : `of ${error.size.toLocaleString("en")} bytes`;
    const remedy = `Pass --download to fetch the whole file.`;
    throw new ArchiverError("no-ranges", `${shown(url)} is ${size}, and the server sends it only as a whole.`, {
      remedy,
    });
  }
}

async function openParts(url: URL, location: string, settings: HttpSettings): Promise<Archive> {
  const source = await openRanges(url, settings.signal);
  const zip = await readDirectoryOnly(source, settings.limits);
  const ended = zip.anomalies.some(({ rule }) => rule === "archive/truncated");
  const first = ended && source.size >= 4 ? view(await source.read(0, 4)).getUint32(0, true) : signature.local;
  if (first !== signature.local) {
    const remedy = "Pass --download to fetch it and look.";
    throw new ArchiverError("no-ranges", `${shown(url)} is no ZIP, so it cannot be read in parts.`, { remedy });
  }
  const file = { ...source, close: async (): Promise<void> => {} };
  return zipArchive(location, file, zip, settings, "read in parts over the network, without the local headers");
}

async function fetchWhole(url: URL, location: string, settings: HttpSettings, openLocal: OpenLocal): Promise<Archive> {
  const folder = await privateFolder(settings.tmpDir);
  try {
    const file = join(folder.path, basename(url.pathname) || "archive");
    await save(url, file, settings);
    const archive = await openLocal(file);
    return {
      ...archive,
      location,
      async close() {
        await archive.close();
        await folder.remove();
      },
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

async function save(url: URL, file: string, { limits, signal }: HttpSettings): Promise<void> {
  const { message } = await request(url, {}, signal);
  if (message.statusCode !== 200) {
    message.destroy();
    throw new ArchiverError("network", `${shown(url)} answered ${message.statusCode}.`);
  }
  const declared = message.headers["content-length"];
  const handle = await openForWriting(file, "wx", 0o600);
  let size = 0;
  try {
    for await (const block of message) {
      if (!(block instanceof Uint8Array)) continue;
      size += block.length;
      if (size > limits.unpackedBytes) throw new ArchiverError("network", `${shown(url)} does not end.`);
      await handle.writeFile(block).catch((error: unknown) => Promise.reject(translated(error, file)));
    }
  } catch (error) {
    throw failed(url, error);
  } finally {
    message.destroy();
    await handle.close();
  }
  if (declared !== undefined && Number(declared) !== size) {
    throw new ArchiverError("network", `${shown(url)} sent ${size} of ${declared} bytes.`);
  }
}
