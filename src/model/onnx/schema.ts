/**
 * The part of onnx.proto that says which fields hold messages that matter here. Everything else is a leaf: kept, never
 * looked into. Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export type MessageKind =
  | "model"
  | "graph"
  | "node"
  | "attribute"
  | "tensor"
  | "sparse"
  | "training"
  | "function"
  | "other";

type Children = Readonly<Record<number, MessageKind>>;

const children: Readonly<Record<MessageKind, Children>> = {
  model: { 7: "graph", 8: "other", 14: "other", 20: "training", 25: "function" },
  graph: { 1: "node", 5: "tensor", 11: "other", 12: "other", 13: "other", 14: "other", 15: "sparse", 16: "other" },
  node: { 5: "attribute", 9: "other" },
  attribute: {
    5: "tensor",
    6: "graph",
    10: "tensor",
    11: "graph",
    14: "other",
    15: "other",
    22: "sparse",
    23: "sparse",
  },
  tensor: { 13: "other", 16: "other" },
  sparse: { 1: "tensor", 2: "tensor" },
  training: { 1: "graph", 2: "graph", 3: "other", 4: "other" },
  function: { 7: "node", 9: "other", 11: "attribute", 12: "other", 14: "other" },
  other: {},
};

/** What the field of a message holds: a message kind, or null for a leaf. */
export function childKind(kind: MessageKind, field: number): MessageKind | null {
  return children[kind][field] ?? null;
}

/** TensorProto's fields that hold elements: float, int32, string, int64, double, uint64 data. */
export const typedData: ReadonlySet<number> = new Set([4, 5, 6, 7, 10, 11]);
