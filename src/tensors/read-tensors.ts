import { AnomalyError, type Archive, type Entry } from "../archive/archive.ts";
import type { ByteSource } from "../archive/byte-source.ts";
import { MalformedModel } from "../model/malformed.ts";
import { formatNames, type ModelFormat } from "../model/model-format.ts";
import { externalFiles, type ExternalFiles } from "../model/onnx/external-data.ts";
import { bytesIn, endOf, rangeLayout, type StoredTensor } from "./stored-tensor.ts";

/** A file of an archive that holds tensors. */
export interface TensorFile {
  readonly entry: Entry;
  readonly source: ByteSource;
  readonly format: ModelFormat;
}

/** The tensors of a file and which entry a source is, or in one sentence why they cannot be had. */
export type TensorReading =
  | { readonly tensors: readonly StoredTensor[]; readonly entries: ReadonlyMap<ByteSource, Entry> }
  | { readonly reason: string };

type Reader = (source: ByteSource, files: Pick<ExternalFiles, "open">) => Promise<readonly StoredTensor[]>;

/** Loaded when asked for, as signatures are. */
const readers: Readonly<Partial<Record<ModelFormat, Reader>>> = {
  onnx: async (source, files) => (await import("./onnx-tensors.ts")).onnxTensors(source, files),
  safetensors: async (source) => {
    const { readSafetensors } = await import("../model/safetensors.ts");
    const { tensors, problems } = await readSafetensors(source);
    if (problems[0] !== undefined) throw new MalformedModel(problems[0]);
    return tensors.map(({ name, dtype, shape, offset, length }) => {
      return { name, dtype, shape, strides: null, source, parts: [rangeLayout(offset, length)] };
    });
  },
  "torch-zip": async (source) => (await import("./checkpoint-tensors.ts")).checkpointTensors(source),
  torchscript: async (source) => (await import("./program-tensors.ts")).torchscriptTensors(source),
  "torch-export": async (source) => (await import("./program-tensors.ts")).exportedTensors(source),
};

/** Formats whose tensors can be read one by one. */
export function hasTensors(format: ModelFormat): boolean {
  return readers[format] !== undefined;
}

/** Reads, by the headers of a model file, where its tensors lie. `close` closes what was opened beside it. */
export async function readTensors(
  archive: Archive,
  { entry, source, format }: TensorFile,
): Promise<TensorReading & { close(): Promise<void> }> {
  const files = externalFiles(archive, entry);
  const close = (): Promise<void> => files.close();
  const reader = readers[format];
  if (reader === undefined) return { reason: `tensors of the format ${formatNames[format]} are not read`, close };
  const entries = new Map([[source, entry]]);
  try {
    const tensors = await reader(source, {
      async open(location) {
        const file = await files.open(location);
        if ("source" in file && file.entry !== undefined) entries.set(file.source, file.entry);
        return file;
      },
    });
    return { tensors: sound(distinct(tensors)), entries, close };
  } catch (error) {
    return { reason: await reasonOf(error), close };
  }
}

/** What is wrong with the file; anything else is thrown on. */
export async function reasonOf(error: unknown): Promise<string> {
  if (error instanceof MalformedModel || error instanceof AnomalyError) return error.message;
  const { LoweringError } = await import("../torchscript/lowering-error.ts");
  if (error instanceof LoweringError) return error.message;
  throw error;
}

/** Tensors with the name of another, or with none, are told apart by a number. */
function distinct(tensors: readonly StoredTensor[]): readonly StoredTensor[] {
  const counts = new Map<string, number>();
  return tensors.map((tensor) => {
    const count = (counts.get(tensor.name) ?? 0) + 1;
    counts.set(tensor.name, count);
    return count === 1 ? tensor : { ...tensor, name: `${tensor.name}#${count}` };
  });
}

/** A file can lay tensors over the same bytes in ever new ways; no real one does so this often. */
const mostViews = 8;

function sound(tensors: readonly StoredTensor[]): readonly StoredTensor[] {
  const sums = new Map<ByteSource, { bytes: number; readonly seen: Set<string> }>();
  for (const { name, source, parts } of tensors) {
    const sum = sums.get(source) ?? { bytes: 0, seen: new Set<string>() };
    sums.set(source, sum);
    for (const part of parts) {
      if (bytesIn(part) > 0 && endOf(part) > source.size) {
        throw new MalformedModel(`tensor ${name} reaches beyond its storage`);
      }
      const key = JSON.stringify(part);
      if (!sum.seen.has(key)) sum.bytes += bytesIn(part);
      sum.seen.add(key);
    }
    if (sum.bytes > mostViews * source.size) throw new MalformedModel(`tensor ${name} overlaps too many others`);
  }
  return tensors;
}
