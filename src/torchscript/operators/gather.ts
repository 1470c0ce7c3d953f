import type { Builder } from "../builder.ts";
import { isComplex, normalizeDim } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { viewAsComplex, viewAsReal } from "./complex.ts";

/** 0-dim tensors as 1-D, for operators of ONNX that need a dimension. */
export function atLeastOne(builder: Builder, x: TensorValue): TensorValue {
  return x.rank === 0 ? builder.reshape(x, [1]) : x;
}

export function gather(builder: Builder, self: TensorValue, dim: number, index: TensorValue): TensorValue {
  const [data, places] = [atLeastOne(builder, self), atLeastOne(builder, builder.cast(index, "int64"))];
  const axis = normalizeDim(dim, data.rank);
  if (isComplex(self.dtype)) {
    const pairs = builder.expand(builder.unsqueeze(places, [places.rank]), [...places.shape, 2]);
    return viewAsComplex(builder, gather(builder, viewAsReal(builder, data), axis, pairs));
  }
  const taken = builder.emit("GatherElements", [data, places], { axis }, { dtype: self.dtype, shape: places.shape });
  return builder.reshape(taken, index.shape);
}
