import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { dimsOf, type Extent, hasUnknown, sizesTensor } from "../extent.ts";
import { raised, unsupported } from "../lowering-error.ts";
import { isComplex } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { viewAsComplex, viewAsReal } from "./complex.ts";
import type { Operator } from "./operator.ts";
import { takeAxis } from "./rearrange.ts";

/** PyTorch lists pads from the last dimension, [begin, end] each; negative ones crop. */
function perAxis<Size extends Extent>(x: TensorValue, pad: readonly Size[]): [Size | 0, Size | 0][] {
  if (pad.length % 2 === 1 || pad.length / 2 > x.rank) throw raised(`padding of ${pad.length} numbers`);
  return x.shape.map((_, axis) => {
    const at = (x.rank - 1 - axis) * 2;
    return [pad[at] ?? 0, pad[at + 1] ?? 0];
  });
}

export function constantPad(
  builder: Builder,
  x: TensorValue,
  pad: readonly Extent[],
  value: TensorValue | number = 0,
): TensorValue {
  if (isComplex(x.dtype) && typeof value === "number" && x.count > 0) {
    return viewAsComplex(builder, constantPad(builder, viewAsReal(builder, x), [0, 0, ...pad], value));
  }
  const pads = perAxis(x, pad);
  if (pads.every(([a, b]) => a === 0 && b === 0)) return builder.copy(x);
  const shape = x.shape.map((dim, axis) => dimsOf(pads[axis]).reduce((sum, size) => sum + size, dim));
  const fill = typeof value === "number" ? builder.full(x.dtype, value) : builder.cast(value, x.dtype);
  if (x.count === 0 && !hasUnknown(shape)) return builder.expand(fill, shape);
  const list = sizesTensor(builder, [...pads.map(([a]) => a), ...pads.map(([, b]) => b)]);
  // ONNX Runtime merges a Pad into the MaxPool behind it as if it padded with minus infinity, but not one with axes.
  const axes = builder.ints(shape.map((_, axis) => axis));
  return builder.emit("Pad", [x, list, fill, axes], {}, { dtype: x.dtype, shape });
}

/** Where the element of a padded axis comes from. */
const sources: Readonly<Record<string, (at: number, size: number) => number>> = {
  reflect: (at, size) => (at < 0 ? -at : at >= size ? 2 * (size - 1) - at : at),
  replicate: (at, size) => Math.min(Math.max(at, 0), size - 1),
  circular: (at, size) => ((at % size) + size) % size,
};

function padBy(builder: Builder, x: TensorValue, pad: readonly number[], mode: string): TensorValue {
  const source = sources[mode];
  if (source === undefined) throw unsupported(`padding mode ${mode}`);
  return perAxis(x, pad).reduce((result, [begin, end], axis) => {
    if (begin === 0 && end === 0) return result;
    const size = x.shape[axis];
    if (Number.isNaN(size)) throw unsupported(`padding mode ${mode} of a size that depends on the values of a tensor`);
    if (mode === "reflect" && (begin >= size || end >= size))
      throw raised(`reflection by ${Math.max(begin, end)} of ${size} elements`);
    const order = Array.from({ length: Math.max(size + begin + end, 0) }, (_, i) => source(i - begin, size));
    return takeAxis(builder, result, axis, order);
  }, x);
}

function generalPad(call: Call, builder: Builder): TensorValue {
  const self = call.tensor("self");
  const mode = call.string("mode");
  if (mode === "constant") return constantPad(builder, self, call.extents("pad"), call.optionalFloat("value") ?? 0);
  return padBy(builder, self, call.ints("pad"), mode);
}

const schemas: Readonly<Record<string, readonly string[]>> = {
  reflection_pad1d: ["aten::reflection_pad1d(Tensor self, SymInt[2] padding) -> Tensor"],
  reflection_pad2d: ["aten::reflection_pad2d(Tensor self, SymInt[4] padding) -> Tensor"],
  reflection_pad3d: ["aten::reflection_pad3d(Tensor self, SymInt[6] padding) -> Tensor"],
  replication_pad1d: ["aten::replication_pad1d(Tensor self, SymInt[2] padding) -> Tensor"],
  replication_pad2d: ["aten::replication_pad2d(Tensor self, SymInt[4] padding) -> Tensor"],
  replication_pad3d: ["aten::replication_pad3d(Tensor self, SymInt[6] padding) -> Tensor"],
};

/** Padding and cropping at the ends of dimensions. */
export const paddings: readonly Operator[] = [
  {
    name: "aten::pad",
    schemas: ['aten::pad(Tensor self, SymInt[] pad, str mode="constant", float? value=None) -> Tensor'],
    doc: "Modes constant, reflect, replicate, circular; negative pads crop.",
    lower: generalPad,
  },
  {
    name: "aten::constant_pad_nd",
    schemas: ["aten::constant_pad_nd(Tensor self, SymInt[] pad, Scalar value=0) -> Tensor"],
    doc: "With one value; negative pads crop.",
    lower: (call, builder) =>
      constantPad(builder, call.tensor("self"), call.extents("pad"), Number(call.scalar("value"))),
  },
  {
    name: "aten::_pad_circular",
    schemas: ["aten::_pad_circular(Tensor self, SymInt[] pad) -> Tensor"],
    doc: "Round the end.",
    lower: (call, builder) => padBy(builder, call.tensor("self"), call.ints("pad"), "circular"),
  },
  ...Object.entries(schemas).map(([name, list]): Operator => ({
    name: `aten::${name}`,
    schemas: list,
    doc: "Mirrored at the edge, or the edge repeated.",
    lower: (call, builder) =>
      padBy(
        builder,
        call.tensor("self"),
        call.ints("padding"),
        name.startsWith("reflection") ? "reflect" : "replicate",
      ),
  })),
];
