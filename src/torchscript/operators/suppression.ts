import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { unknownSize } from "../extent.ts";
import type { TensorValue } from "../tensor-value.ts";
import type { Operator } from "./operator.ts";
import { row } from "./row.ts";

/** Boxes that overlap a better one too much are left out; the rest by falling score. */
function suppress(call: Call, builder: Builder): TensorValue {
  const boxes = builder.cast(call.tensor("dets"), "float32");
  const scores = builder.cast(call.tensor("scores"), "float32");
  const inputs = [
    builder.unsqueeze(boxes, [0]),
    builder.unsqueeze(scores, [0, 1]),
    builder.ints([Number.MAX_SAFE_INTEGER]),
    builder.constant("float32", [1], [Math.fround(call.float("iou_threshold"))]),
  ];
  const picked = builder.emit("NonMaxSuppression", inputs, {}, { dtype: "int64", shape: [unknownSize, 3] });
  const column = builder.constant("int64", [], [2n]);
  return builder.emit("Gather", [picked, column], { axis: 1 }, { dtype: "int64", shape: [unknownSize] });
}

/** Detections. */
export const suppression: readonly Operator[] = [
  row(
    "torchvision::nms",
    ["(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"],
    "Indices of the boxes that are kept, by falling score; computed in float32.",
    suppress,
  ),
];
