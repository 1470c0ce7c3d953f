import { dirname } from "node:path";
import { type Disk, type DiskFile, nodeDisk } from "../archive/disk.ts";
import { onnxType } from "../graph/dtype.ts";
import type { Graph, Tensor } from "../graph/graph.ts";
import { Message } from "../graph/message.ts";
import { onnxBytes } from "../graph/onnx-bytes.ts";

export interface OnnxFileOptions {
  readonly opset: number;
  /** Above this many bytes the weights go to a file beside the model: protobuf messages end at 2 GB. */
  readonly embedLimit: number;
  /** Name of that file, as the model refers to it. */
  readonly dataName: string;
  readonly disk?: Disk;
}

export interface WrittenOnnx {
  /** Bytes of the model. */
  readonly size: number;
  /** Bytes of the file beside it; 0: all is in the model. */
  readonly dataSize: number;
}

const blockSize = 1 << 20;
/** ONNX Runtime maps external data; a multiple of the page size keeps each tensor mappable. */
const alignment = 4096;

type LocatedTensor = Tensor & { readonly storage: Extract<Tensor["storage"], { position: unknown }> };

/**
 * Writes a graph as an ONNX model that needs no other file but, for large ones, its data beside it. Weights go from the
 * files they lie in to the output block by block. `modelPath` and `dataPath` must not exist yet.
 */
export async function writeOnnxFile(
  graph: Graph,
  modelPath: string,
  dataPath: string,
  options: OnnxFileOptions,
): Promise<WrittenOnnx> {
  const disk = options.disk ?? nodeDisk;
  const located = graph.tensors.filter(isLocated);
  const total = located.reduce((sum, { storage }) => sum + storage.byteLength, 0);
  const written =
    total > options.embedLimit
      ? await writeBeside(graph, located, modelPath, dataPath, options, disk)
      : await writeEmbedded(graph, located, modelPath, options, disk);
  await disk.syncFolder(dirname(modelPath));
  return written;
}

function isLocated(tensor: Tensor): tensor is LocatedTensor {
  return "position" in tensor.storage;
}

async function writeEmbedded(
  graph: Graph,
  located: readonly LocatedTensor[],
  path: string,
  { opset }: OnnxFileOptions,
  disk: Disk,
): Promise<WrittenOnnx> {
  const small = { ...graph, tensors: graph.tensors.filter((tensor) => !isLocated(tensor)) };
  const { before, body, after } = splitGraph(onnxBytes(small, { opset }));
  const heads = located.map((tensor) => initializerHead(tensor));
  const extra = located.reduce((sum, { storage }, i) => sum + (heads[i]?.length ?? 0) + storage.byteLength, 0);
  const size = await withFile(disk, path, async (file) => {
    const out = new Output(file);
    await out.write(before);
    await out.write(new Message().varint(body.length + extra).bytes);
    await out.write(body);
    for (const [i, tensor] of located.entries()) {
      await out.write(heads[i] ?? new Uint8Array());
      await out.copy(tensor, disk);
    }
    await out.write(after);
    return out.position;
  });
  return { size, dataSize: 0 };
}

async function writeBeside(
  graph: Graph,
  located: readonly LocatedTensor[],
  modelPath: string,
  dataPath: string,
  { opset, dataName }: OnnxFileOptions,
  disk: Disk,
): Promise<WrittenOnnx> {
  const offsets = new Map<Tensor, number>();
  const dataSize = await withFile(disk, dataPath, async (file) => {
    const out = new Output(file);
    for (const tensor of located) {
      await out.pad(alignment);
      offsets.set(tensor, out.position);
      await out.copy(tensor, disk);
    }
    return out.position;
  });
  const moved = graph.tensors.map((tensor): Tensor => {
    const offset = offsets.get(tensor);
    if (offset === undefined || !isLocated(tensor)) return tensor;
    return { ...tensor, storage: { ...tensor.storage, position: { file: dataPath, offset } } };
  });
  const bytes = onnxBytes({ ...graph, tensors: moved }, { opset, nameOf: () => dataName });
  await withFile(disk, modelPath, (file) => file.write(bytes, 0));
  return { size: bytes.length, dataSize };
}

async function withFile<T>(disk: Disk, path: string, write: (file: DiskFile) => Promise<T>): Promise<T> {
  const file = await disk.create(path, 0o644);
  try {
    const result = await write(file);
    await file.sync();
    return result;
  } finally {
    await file.close();
  }
}

/** Field 5 of GraphProto with all of TensorProto but the contents of its last field, `raw_data` (9). */
function initializerHead({ name, dtype, shape, storage }: LocatedTensor): Uint8Array {
  const tensor = new Message().ints(1, shape).int(2, onnxType(dtype)).text(8, name);
  const raw = new Message().varint((9 << 3) | 2).varint(storage.byteLength);
  const length = tensor.bytes.length + raw.bytes.length + storage.byteLength;
  const field = new Message().varint((5 << 3) | 2).varint(length);
  return Buffer.concat([field.bytes, tensor.bytes, raw.bytes]);
}

const graphField = (7 << 3) | 2;

/** The model's bytes around the graph (`before` ends with the graph's tag), and those of the graph. */
function splitGraph(model: Uint8Array): { before: Uint8Array; body: Uint8Array; after: Uint8Array } {
  for (let at = 0; at < model.length;) {
    const [tag, afterTag] = varintAt(model, at);
    const [value, next] = varintAt(model, afterTag);
    const isBlob = (tag & 7) === 2;
    const end = isBlob ? next + value : next;
    if (tag === graphField) {
      return { before: model.subarray(0, afterTag), body: model.subarray(next, end), after: model.subarray(end) };
    }
    at = end;
  }
  throw new Error("a model without a graph");
}

function varintAt(bytes: Uint8Array, start: number): [value: number, next: number] {
  let value = 0;
  for (let at = start, scale = 1; at < bytes.length; at++, scale *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 127) * scale;
    if (byte < 128) return [value, at + 1];
  }
  throw new Error("a number that does not end");
}

class Output {
  readonly #file: DiskFile;
  position = 0;

  constructor(file: DiskFile) {
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0) await this.#file.write(bytes, this.position);
    this.position += bytes.length;
  }

  async pad(multiple: number): Promise<void> {
    const over = this.position % multiple;
    if (over > 0) await this.write(new Uint8Array(multiple - over));
  }

  async copy({ name, storage }: LocatedTensor, disk: Disk): Promise<void> {
    const { file, offset } = storage.position;
    const source = await disk.open(file);
    try {
      const buffer = new Uint8Array(Math.min(blockSize, storage.byteLength));
      for (let at = 0; at < storage.byteLength;) {
        const wanted = buffer.subarray(0, Math.min(buffer.length, storage.byteLength - at));
        const count = await source.read(wanted, offset + at);
        if (count === 0) throw new RangeError(`${file} ended within ${name}`);
        await this.write(wanted.subarray(0, count));
        at += count;
      }
    } finally {
      await source.close();
    }
  }
}
