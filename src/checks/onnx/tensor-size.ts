import { tensorProblem } from "../../model/onnx/tensor-problems.ts";
import { tensorsOf } from "../../model/onnx/walk-graph.ts";
import type { Check } from "../check.ts";
import { onnxMalformed } from "./malformed.ts";
import { inEachOnnx } from "./onnx-files.ts";

export const onnxTensorSize: Check = {
  id: "onnx/tensor-size",
  title: "ONNX tensors have the data that their type and dimensions need",
  severity: "error",
  why: "An engine that trusts the dimensions reads beyond the data, or allocates what they claim.",
  remedy: "Export the model again.",
  after: [onnxMalformed],
  run: (subject) =>
    inEachOnnx(subject, function* (model) {
      for (const tensor of tensorsOf(model)) {
        const problem = tensorProblem(tensor);
        if (problem !== null) yield `Tensor ${JSON.stringify(tensor.name)} ${problem}`;
      }
    }),
};
