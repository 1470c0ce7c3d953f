import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { memorySource } from "../archive/byte-source.ts";
import { translated } from "../archive/file-source.ts";
import { readZip } from "../archive/zip-records.ts";
import { plainBytes } from "../archive/zip-stream.ts";
import { ArchiverError } from "../errors.ts";
import type { LoadedTensor } from "../runtime/dummy-input.ts";
import { readNpy } from "../runtime/npy.ts";
import type { RequestBody } from "../runtime/request-body.ts";
import type { Picture } from "./decode-picture.ts";

/** What a sample file holds, read but not yet prepared for a model. */
export type SampleContent =
  | { readonly kind: "picture"; readonly picture: Picture }
  /** By name; an unnamed one is for the first input. */
  | { readonly kind: "tensors"; readonly tensors: readonly NamedTensor[] }
  /** Nested arrays as JSON has them; the model says of which element type they are. */
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "text"; readonly text: string };

export interface NamedTensor {
  readonly name: string | null;
  readonly tensor: LoadedTensor;
}

/** A file, as a client would post it, with what it holds. `name`: without its folder. */
export interface SampleFile extends RequestBody {
  readonly content: SampleContent;
}

/** Bytes of the largest sample. */
const sizeLimit = 256 << 20;

/**
 * Reads a sample, told by its content: JPEG or PNG, `.npy`, `.npz`, JSON, else UTF-8 text. Throws ArchiverError when it
 * cannot be read, or a decoder is missing.
 */
export async function readSample(path: string, cwd: string): Promise<SampleFile> {
  const bytes = await readFile(resolve(cwd, path)).catch((error: unknown) => {
    throw translated(error, path);
  });
  const name = basename(path);
  if (bytes.length > sizeLimit) throw new ArchiverError("bad-sample", `${path} is over 256 MB.`);
  const content = await contentOf(bytes, name);
  return { name, type: mediaType(content, bytes), bytes, content };
}

function mediaType({ kind }: SampleContent, [first]: Uint8Array): string {
  if (kind === "picture") return first === 0xff ? "image/jpeg" : "image/png";
  if (kind === "json") return "application/json";
  return kind === "text" ? "text/plain" : "application/octet-stream";
}

async function contentOf(bytes: Buffer, name: string): Promise<SampleContent> {
  const magic = bytes.subarray(0, 8).toString("latin1");
  if (magic.startsWith("\xff\xd8\xff") || magic.startsWith("\x89PNG")) {
    const { decodePicture } = await import("./decode-picture.ts");
    return { kind: "picture", picture: await decodePicture(bytes, name) };
  }
  if (magic.startsWith("\x93NUMPY"))
    return { kind: "tensors", tensors: [{ name: null, tensor: tensorOf(bytes, name) }] };
  if (magic.startsWith("PK\u0003\u0004")) return { kind: "tensors", tensors: await readNpz(bytes, name) };
  const text = textOf(bytes, name);
  if (!name.toLowerCase().endsWith(".json")) return { kind: "text", text };
  try {
    const value: unknown = JSON.parse(text);
    return { kind: "json", value };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ArchiverError("bad-sample", `${name} is no JSON: ${reason}`, { cause });
  }
}

function tensorOf(bytes: Uint8Array, name: string): LoadedTensor {
  const tensor = readNpy(bytes);
  if (typeof tensor === "string") throw new ArchiverError("bad-sample", `${name}: ${tensor}`);
  return tensor;
}

/** A `.npz` is a ZIP of `.npy` files, each named after its array. */
async function readNpz(bytes: Uint8Array, name: string): Promise<NamedTensor[]> {
  const source = memorySource(bytes);
  const { entries } = await readZip(source);
  const arrays = entries.filter((entry) => entry.path.endsWith(".npy"));
  const total = arrays.reduce((sum, entry) => sum + entry.size, 0);
  if (arrays.length === 0) throw new ArchiverError("bad-sample", `${name} is a ZIP without .npy files.`);
  if (total > sizeLimit) throw new ArchiverError("bad-sample", `${name} unpacks to over 256 MB.`);
  const tensors: NamedTensor[] = [];
  for (const entry of arrays) {
    const plain = await plainBytes(source, entry);
    const array = basename(entry.path, ".npy");
    // numpy.savez calls arrays without a name arr_0, arr_1, ….
    tensors.push({ name: /^arr_\d+$/.test(array) ? null : array, tensor: tensorOf(plain, `${name}: ${entry.path}`) });
  }
  return tensors;
}

function textOf(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ArchiverError("bad-sample", `${name} is neither a picture, nor .npy, .npz, JSON or UTF-8 text.`, {
      cause,
    });
  }
}
