import { type FileHandle, open } from "node:fs/promises";
import { dataFolder } from "./data-folder.ts";
import type { Attribute, Graph, Tensor } from "./graph.ts";
import { onnxBytes } from "./onnx-bytes.ts";
import { inlineLimit, type SessionModel } from "./session-model.ts";

export interface GraphModel {
  readonly model: SessionModel;
  /** Removes the folder that had to be made when tensors lie in several folders. */
  close(): Promise<void>;
}

export interface GraphModelOptions {
  readonly opset?: number;
  readonly tmpDir?: string;
}

/**
 * What the engine is handed for a graph: its large tensors stay where they lie, small ones are read into the bytes.
 */
export async function graphModel(graph: Graph, options: GraphModelOptions = {}): Promise<GraphModel> {
  const inlined = await withSmallTensors(graph);
  const folder = await dataFolder(filesOf(inlined), options.tmpDir);
  try {
    const nameOf = (file: string): string => folder.names.get(file) ?? file;
    const bytes = onnxBytes(inlined, { nameOf, ...(options.opset === undefined ? {} : { opset: options.opset }) });
    return { model: { bytes, folder: folder.folder }, close: () => folder.close() };
  } catch (error) {
    await folder.close();
    throw error;
  }
}

interface Use {
  readonly tensor: Tensor;
  /** The engine reads initializers from files, tensors of attributes never. */
  readonly attribute: boolean;
}

function* usesOf(graph: Graph): Generator<Use> {
  for (const tensor of graph.tensors) yield { tensor, attribute: false };
  for (const node of graph.nodes) {
    for (const attribute of Object.values(node.attributes)) {
      if ("tensor" in attribute) yield { tensor: attribute.tensor, attribute: true };
      if ("graph" in attribute) yield* usesOf(attribute.graph);
    }
  }
}

function* filesOf(graph: Graph): Generator<string> {
  for (const { tensor } of usesOf(graph)) if ("position" in tensor.storage) yield tensor.storage.position.file;
}

type Replace = (tensor: Tensor) => Tensor;

async function withSmallTensors(graph: Graph): Promise<Graph> {
  const small = [...usesOf(graph)].filter(
    ({ tensor: { storage }, attribute }) => "position" in storage && (attribute || storage.byteLength < inlineLimit),
  );
  if (small.length === 0) return graph;
  const read = await readTensors(small.map(({ tensor }) => tensor));
  return mapTensors(graph, (tensor) => read.get(tensor) ?? tensor);
}

async function readTensors(tensors: readonly Tensor[]): Promise<Map<Tensor, Tensor>> {
  const read = new Map<Tensor, Tensor>();
  const files = new Map<string, FileHandle>();
  try {
    for (const tensor of tensors) {
      if (!("position" in tensor.storage)) continue;
      const { file, offset } = tensor.storage.position;
      const handle = files.get(file) ?? (await open(file, "r"));
      files.set(file, handle);
      const bytes = new Uint8Array(tensor.storage.byteLength);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset);
      if (bytesRead !== bytes.length) throw new RangeError(`${file} ended within ${tensor.name}`);
      read.set(tensor, { ...tensor, storage: { bytes } });
    }
  } finally {
    for (const handle of files.values()) await handle.close();
  }
  return read;
}

function mapTensors(graph: Graph, replace: Replace): Graph {
  return {
    ...graph,
    tensors: graph.tensors.map(replace),
    nodes: graph.nodes.map((node) => ({ ...node, attributes: mapAttributes(node.attributes, replace) })),
  };
}

function mapAttributes(attributes: Readonly<Record<string, Attribute>>, replace: Replace): Record<string, Attribute> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, attribute]) => {
      if ("tensor" in attribute) return [name, { tensor: replace(attribute.tensor) }];
      if ("graph" in attribute) return [name, { graph: mapTensors(attribute.graph, replace) }];
      return [name, attribute];
    }),
  );
}
