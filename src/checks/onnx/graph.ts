import { MalformedModel } from "../../model/malformed.ts";
import { graphProblems } from "../../model/onnx/graph-problems.ts";
import type { Check } from "../check.ts";
import { onnxMalformed } from "./malformed.ts";
import { inEachOnnx } from "./onnx-files.ts";

export const onnxGraph: Check = {
  id: "onnx/graph",
  title: "ONNX graphs have every value made once, before it is used",
  severity: "error",
  why: "Engines refuse a graph with missing values, cycles or functions that call themselves.",
  remedy: "Export the model again; check it with onnx.checker.check_model.",
  after: [onnxMalformed],
  run: (subject) =>
    inEachOnnx(subject, function* (model) {
      try {
        yield* graphProblems(model);
      } catch (error) {
        if (!(error instanceof MalformedModel)) throw error;
        yield error.message;
      }
    }),
};
