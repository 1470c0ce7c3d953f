import { onnxType } from "./dtype.ts";
import type { Attribute, Graph, GraphNode, Tensor, ValueInfo } from "./graph.ts";
import { Message } from "./message.ts";

export interface OnnxOptions {
  /** Version of the standard operator set, 17 to 21; 20 unless told. */
  readonly opset?: number;
  /** The plain name, in the model's folder, of a file that tensors lie in. Without it such tensors are refused. */
  readonly nameOf?: (file: string) => string;
}

const defaultOpset = 20;
/** ONNX 1.16 brought opset 21 and IR 10; runtimes from 1.15 on read IR 9. */
const irVersion = (opset: number): number => (opset >= 21 ? 10 : 9);

/** `ModelProto` of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; the numbers are those of its fields. */
export function onnxBytes(graph: Graph, options: OnnxOptions = {}): Uint8Array {
  const opset = options.opset ?? defaultOpset;
  const model = new Message()
    .int(1, irVersion(opset))
    .text(2, "model-archiver")
    .message(7, graphMessage(graph, options));
  for (const domain of domainsOf(graph)) {
    model.message(8, new Message().text(1, domain).int(2, domain === "" ? opset : 1));
  }
  return model.bytes;
}

function domainsOf(graph: Graph): Set<string> {
  const domains = new Set([""]);
  const visit = (part: Graph): void => {
    for (const node of part.nodes) {
      domains.add(node.domain);
      for (const attribute of Object.values(node.attributes)) if ("graph" in attribute) visit(attribute.graph);
    }
  };
  visit(graph);
  return domains;
}

function graphMessage(graph: Graph, options: OnnxOptions): Message {
  const message = new Message();
  for (const node of graph.nodes) message.message(1, nodeMessage(node, options));
  message.text(2, graph.name);
  for (const tensor of graph.tensors) message.message(5, tensorMessage(tensor, options));
  for (const input of graph.inputs) message.message(11, valueMessage(input));
  for (const output of graph.outputs) message.message(12, valueMessage(output));
  return message;
}

function nodeMessage(node: GraphNode, options: OnnxOptions): Message {
  const message = new Message();
  for (const input of node.inputs.slice(0, inputCount(node))) message.text(1, input);
  for (const output of node.outputs) message.text(2, output);
  message.text(4, node.op);
  for (const [name, attribute] of Object.entries(node.attributes)) {
    message.message(5, attributeMessage(name, attribute, options));
  }
  return node.domain === "" ? message : message.text(7, node.domain);
}

/**
 * Optional inputs at the end are left out, not empty: ONNX Runtime folds no batch norm into a Conv that has an empty
 * bias, and a ResNet-50 then takes twice as long. A Loop (onnx/defs/controlflow) has two inputs at least, empty or not.
 */
function inputCount({ op, inputs }: GraphNode): number {
  const given = inputs.findLastIndex((name) => name !== "") + 1;
  return op === "Loop" ? Math.max(given, 2) : given;
}

/** Numbers of `AttributeProto.AttributeType`, field 20. */
const kinds = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8 } as const;

function attributeMessage(name: string, attribute: Attribute, options: OnnxOptions): Message {
  const message = new Message().text(1, name);
  if ("float" in attribute) return message.float(2, attribute.float).int(20, kinds.float);
  if ("int" in attribute) return message.int(3, attribute.int).int(20, kinds.int);
  if ("string" in attribute) return message.text(4, attribute.string).int(20, kinds.string);
  if ("tensor" in attribute) return message.message(5, tensorMessage(attribute.tensor, options)).int(20, kinds.tensor);
  if ("graph" in attribute) return message.message(6, graphMessage(attribute.graph, options)).int(20, kinds.graph);
  if ("floats" in attribute) return message.floats(7, attribute.floats).int(20, kinds.floats);
  if ("ints" in attribute) return message.ints(8, attribute.ints).int(20, kinds.ints);
  for (const value of attribute.strings) message.text(9, value);
  return message.int(20, kinds.strings);
}

/** `TensorProto.DataLocation.EXTERNAL`. */
const external = 1;

function tensorMessage(tensor: Tensor, { nameOf }: OnnxOptions): Message {
  const message = new Message().ints(1, tensor.shape).int(2, onnxType(tensor.dtype)).text(8, tensor.name);
  const { storage } = tensor;
  if ("bytes" in storage) return message.blob(9, storage.bytes);
  if (!nameOf) throw new Error(`${tensor.name} lies in a file, and no name was given for it`);
  return message
    .message(13, entryMessage("location", nameOf(storage.position.file)))
    .message(13, entryMessage("offset", String(storage.position.offset)))
    .message(13, entryMessage("length", String(storage.byteLength)))
    .int(14, external);
}

function entryMessage(key: string, value: string): Message {
  return new Message().text(1, key).text(2, value);
}

function valueMessage(value: ValueInfo): Message {
  const tensor = new Message().int(1, onnxType(value.dtype));
  if (value.shape !== null) {
    const shape = new Message();
    for (const dim of value.shape) shape.message(1, dimMessage(dim));
    tensor.message(2, shape);
  }
  return new Message().text(1, value.name).message(2, new Message().message(1, tensor));
}

function dimMessage(dim: number | string | null): Message {
  if (typeof dim === "number") return new Message().int(1, dim);
  return dim === null ? new Message() : new Message().text(2, dim);
}
