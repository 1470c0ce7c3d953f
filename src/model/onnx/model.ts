import type { ByteSource } from "../../archive/byte-source.ts";
import { MalformedModel } from "../malformed.ts";
import { type Field, fieldsOf, readSkeleton, type Skeleton, textOf } from "./skeleton.ts";
import { type OnnxTensor, readPair, readTensor } from "./tensor.ts";
import { signed } from "./wire.ts";

/** What lies in an ONNX file, tensors by their headers. Offsets of fields are the file's. */
export interface OnnxModel {
  readonly skeleton: Skeleton;
  readonly irVersion: number | bigint;
  readonly producer: string;
  readonly producerVersion: string;
  readonly domain: string;
  readonly modelVersion: number | bigint;
  /** Domain (empty for the standard one) to version. */
  readonly opsets: ReadonlyMap<string, number | bigint>;
  readonly metadata: ReadonlyMap<string, string>;
  /** Null when the file has none. */
  readonly graph: OnnxGraph | null;
  readonly functions: readonly OnnxFunction[];
  /** Graphs of training_info. */
  readonly training: readonly OnnxGraph[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly sparse: readonly OnnxSparse[];
  readonly inputs: readonly Field[];
  readonly outputs: readonly Field[];
}

/** Values and indices of a sparse tensor; its name is that of the values. */
export interface OnnxSparse {
  readonly tensors: readonly OnnxTensor[];
  readonly dims: readonly Field[];
}

export interface OnnxNode {
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly OnnxAttribute[];
}

/** An attribute's name and what it carries of tensors and graphs; numbers and strings are not read. */
export interface OnnxAttribute {
  readonly name: string;
  readonly tensors: readonly OnnxTensor[];
  readonly graphs: readonly OnnxGraph[];
  readonly sparse: readonly OnnxSparse[];
}

export interface OnnxFunction {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly OnnxNode[];
  readonly opsets: ReadonlyMap<string, number | bigint>;
}

/** Graphs inside graphs; protobuf's own limit of 100 messages allows some 30. */
const graphDepth = 32;

/** Reads an ONNX file (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). Throws MalformedModel. */
export async function readOnnx(source: ByteSource): Promise<OnnxModel> {
  const skeleton = await readSkeleton(source);
  const of = (number: number): Field[] => skeleton.fields.filter((field) => field.number === number);
  const text = (number: number): string => of(number).map(textOf).at(-1) ?? "";
  const integer = (number: number): number | bigint => signed(of(number).at(-1)?.value ?? 0);
  const metadata = new Map<string, string>();
  for (const field of of(14)) readPair(field, metadata);
  const graphs = of(7);
  return {
    skeleton,
    irVersion: integer(1),
    producer: text(2),
    producerVersion: text(3),
    domain: text(4),
    modelVersion: integer(5),
    opsets: readOpsets(of(8)),
    metadata,
    graph: graphs.length === 0 ? null : readGraph(graphs, 1),
    functions: of(25).map(readFunction),
    training: of(20).flatMap((field) =>
      fieldsOf(field)
        .filter(isGraphOfTraining)
        .map((part) => readGraph([part], 1)),
    ),
  };
}

function isGraphOfTraining(field: Field): boolean {
  return field.wire === 2 && (field.number === 1 || field.number === 2);
}

function readOpsets(fields: readonly Field[]): Map<string, number | bigint> {
  const out = new Map<string, number | bigint>();
  for (const field of fields) {
    let domain = "";
    let version: number | bigint = 0;
    for (const part of fieldsOf(field)) {
      if (part.number === 1) domain = textOf(part);
      else if (part.number === 2) version = signed(part.value);
    }
    out.set(domain === "ai.onnx" ? "" : domain, version);
  }
  return out;
}

/** A graph that came as one field or, since protobuf merges repeated occurrences, as several. */
function readGraph(occurrences: readonly Field[], depth: number): OnnxGraph {
  if (depth > graphDepth) throw new MalformedModel(`graphs nested deeper than ${graphDepth}`, occurrences[0]?.start);
  let name = "";
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const sparse: OnnxSparse[] = [];
  const inputs: Field[] = [];
  const outputs: Field[] = [];
  for (const field of occurrences.flatMap(fieldsOf)) {
    if (field.number === 1) nodes.push(readNode(field, depth));
    else if (field.number === 2) name = field.bytes === null ? "…" : textOf(field);
    else if (field.number === 5) initializers.push(readTensor(field));
    else if (field.number === 15) sparse.push(readSparse(field));
    else if (field.number === 11) inputs.push(field);
    else if (field.number === 12) outputs.push(field);
  }
  return { name, nodes, initializers, sparse, inputs, outputs };
}

function readSparse(field: Field): OnnxSparse {
  const parts = fieldsOf(field);
  return {
    tensors: parts.filter((part) => part.number === 1 || part.number === 2).map(readTensor),
    dims: parts.filter((part) => part.number === 3),
  };
}

function readNode(field: Field, depth: number): OnnxNode {
  const strings = new Map<number, string>();
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: OnnxAttribute[] = [];
  for (const part of fieldsOf(field)) {
    if (part.number === 1) inputs.push(textOf(part));
    else if (part.number === 2) outputs.push(textOf(part));
    else if (part.number === 5) attributes.push(readAttribute(part, depth));
    else if (part.number === 3 || part.number === 4 || part.number === 7 || part.number === 8) {
      strings.set(part.number, textOf(part));
    }
  }
  const [name = "", op = "", domain = "", overload = ""] = [3, 4, 7, 8].map((number) => strings.get(number));
  return { name, op, domain: domain === "ai.onnx" ? "" : domain, overload, inputs, outputs, attributes };
}

function readAttribute(field: Field, depth: number): OnnxAttribute {
  let name = "";
  const tensors: OnnxTensor[] = [];
  const graphs: OnnxGraph[] = [];
  const sparse: OnnxSparse[] = [];
  const single: Field[] = [];
  for (const part of fieldsOf(field)) {
    if (part.number === 1) name = textOf(part);
    else if (part.number === 5 || part.number === 10) tensors.push(readTensor(part));
    else if (part.number === 6) single.push(part);
    else if (part.number === 11) graphs.push(readGraph([part], depth + 1));
    else if (part.number === 22 || part.number === 23) sparse.push(readSparse(part));
  }
  if (single.length > 0) graphs.unshift(readGraph(single, depth + 1));
  return { name, tensors, graphs, sparse };
}

function readFunction(field: Field): OnnxFunction {
  const parts = fieldsOf(field);
  const texts = (number: number): string[] => parts.filter((part) => part.number === number).map(textOf);
  return {
    name: texts(1).at(-1) ?? "",
    domain: texts(10).at(-1) ?? "",
    overload: texts(13).at(-1) ?? "",
    inputs: texts(4),
    outputs: texts(5),
    nodes: parts.filter((part) => part.number === 7).map((part) => readNode(part, 1)),
    opsets: readOpsets(parts.filter((part) => part.number === 9)),
  };
}
