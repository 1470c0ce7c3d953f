import type { ByteSource } from "../archive/byte-source.ts";
import { readCentral } from "../archive/zip-directory.ts";
import type { ModelFormat } from "./model-format.ts";
import { looksLikeOnnx } from "./onnx/sniff.ts";

const startSize = 64;
/** `torch.save` before 1.6 begins with its magic number as a pickle: PROTO 2, LONG1 of ten bytes, STOP. */
const legacyMagic = "80028a0a6cfc9c46f9206aa850192e";
/** The safetensors library refuses longer headers. */
const safetensorsHeaderLimit = 100_000_000;

/** What a model file is, by its content. Never throws for bad content; reads a few hundred bytes. */
export async function sniffFormat(source: ByteSource): Promise<ModelFormat> {
  const start = Buffer.from(await source.read(0, Math.min(startSize, source.size)));
  if (start.subarray(0, 4).equals(zipMagic)) return sniffZip(source);
  if (start.toString("hex").startsWith(legacyMagic)) return "torch-legacy";
  if (isSafetensors(start, source.size)) return "safetensors";
  if (start[0] === 0x80 && (start[1] ?? 255) <= 5) return "pickle";
  if (await looksLikeOnnx(source)) return "onnx";
  return "unknown";
}

const zipMagic = Buffer.from("PK\u0003\u0004", "latin1");

/** 8 bytes of length, then JSON that begins at once: the format demands `{` as the first byte. */
function isSafetensors(start: Buffer, size: number): boolean {
  if (start.length < 10 || start[8] !== 0x7b) return false;
  const length = start.readBigUInt64LE(0);
  return length >= 2n && length <= BigInt(safetensorsHeaderLimit) && size > 8;
}

/** The central directory is enough; whether it tells the truth is not the question here. */
async function sniffZip(source: ByteSource): Promise<ModelFormat> {
  const { directory, entries } = await readCentral(source);
  if (directory === null) return "unknown";
  return formatOfNames(entries.map((entry) => entry.path));
}

/** The format of a ZIP by its entries' names, whatever their top folder is called. */
export function formatOfNames(names: readonly string[]): ModelFormat {
  const inner = names.map((name) => name.slice(name.indexOf("/") + 1));
  const has = (path: string): boolean => inner.includes(path);
  const code = inner.some((name) => name.startsWith("code/"));
  if (has("constants.pkl") && code) return "torchscript";
  if (has("archive_format") && inner.some((name) => /^models\/[^/]+\.json$/.test(name))) return "torch-export";
  if (names.includes("serialized_exported_program.json") || has("serialized_exported_program.json")) {
    return "torch-export";
  }
  return has("data.pkl") ? "torch-zip" : "unknown";
}
